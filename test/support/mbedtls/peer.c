/* A DTLS 1.2 endpoint over Mbed TLS 2.28: datagrams.h says how it is called and what it says. */
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/error.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_cookie.h>
#include <mbedtls/ssl_ticket.h>

struct library {
  mbedtls_ssl_context ssl;
  double intermediate;
};
#include "../datagrams.h"

static mbedtls_ssl_config config;
static mbedtls_ctr_drbg_context random_bytes;
static mbedtls_ssl_session session;
static int resumable;

static const char *why(int code) {
  static char text[200];
  mbedtls_strerror(code, text, sizeof text);
  return text;
}

static int transmit(void *peer, const unsigned char *bytes, size_t size) { return push(peer, bytes, size); }

static int receive(void *peer, unsigned char *bytes, size_t size) {
  size_t taken = pull(peer, bytes, size);
  return taken ? (int)taken : MBEDTLS_ERR_SSL_WANT_READ;
}

static void set_timer(void *of, uint32_t intermediate, uint32_t final) {
  struct peer *peer = of;
  peer->library.intermediate = now() + intermediate;
  peer->due = final ? now() + final : 0;
}

static int get_timer(void *of) {
  struct peer *peer = of;
  return !peer->due ? -1 : now() >= peer->due ? 2 : now() >= peer->library.intermediate ? 1 : 0;
}

static void begin(struct peer *peer) {
  mbedtls_ssl_context *ssl = &peer->library.ssl;
  mbedtls_ssl_init(ssl);
  must("setup", !mbedtls_ssl_setup(ssl, &config));
  mbedtls_ssl_set_timer_cb(ssl, peer, set_timer, get_timer);
  mbedtls_ssl_set_bio(ssl, peer, transmit, receive, NULL);
  if (mtu) mbedtls_ssl_set_mtu(ssl, mtu);
  if (server) must("address", !mbedtls_ssl_set_client_transport_id(ssl, (void *)&peer->from, sizeof peer->from));
  if (resumable) must("session", !mbedtls_ssl_set_session(ssl, &session));
}

static const char *drive(struct peer *peer) {
  mbedtls_ssl_context *ssl = &peer->library.ssl;
  for (;;) {
    int code = peer->established ? 0 : mbedtls_ssl_handshake(ssl);
    if (code == MBEDTLS_ERR_SSL_WANT_READ || code == MBEDTLS_ERR_SSL_WANT_WRITE) return NULL;
    if (code == MBEDTLS_ERR_SSL_HELLO_VERIFY_REQUIRED) return "";
    if (code) return why(code);
    if (!peer->established) {
      char text[200];
      snprintf(text, sizeof text, "%s %s", mbedtls_ssl_get_version(ssl), mbedtls_ssl_get_ciphersuite(ssl));
      say("CONNECTED", text);
      peer->established = 1;
    }
    unsigned char bytes[16385];
    int n = mbedtls_ssl_read(ssl, bytes, sizeof bytes - 1);
    bytes[n > 0 ? n : 0] = 0;
    if (n > 0 && server) mbedtls_ssl_write(ssl, bytes, n);
    else if (n > 0) say("DATA", (char *)bytes);
    else if (n == MBEDTLS_ERR_SSL_CLIENT_RECONNECT) peer->established = 0;
    else if (n == MBEDTLS_ERR_SSL_WANT_READ || n == MBEDTLS_ERR_SSL_WANT_WRITE) return NULL;
    else if (n == 0 || n == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) return mbedtls_ssl_close_notify(ssl), "by the peer";
    else return why(n);
  }
}

static const char *expired(struct peer *peer) { return drive(peer); }

static void send_text(struct peer *peer, const char *text) {
  must("write", mbedtls_ssl_write(&peer->library.ssl, (void *)text, strlen(text)) > 0);
}

static void leave(struct peer *peer) {
  mbedtls_ssl_session_free(&session);
  mbedtls_ssl_session_init(&session);
  resumable = tickets && !mbedtls_ssl_get_session(&peer->library.ssl, &session);
  mbedtls_ssl_close_notify(&peer->library.ssl);
}

static void end(struct peer *peer) { mbedtls_ssl_free(&peer->library.ssl); }

int main(int argc, char **argv) {
  if (argc != 9) return 2;
  server = !strcmp(argv[1], "server");
  auth = atoi(argv[5]), mtu = atoi(argv[6]), cookie = atoi(argv[7]), tickets = atoi(argv[8]);
  static mbedtls_entropy_context entropy;
  static mbedtls_x509_crt chain;
  static mbedtls_pk_context key;
  static mbedtls_ssl_cookie_ctx cookies;
  static mbedtls_ssl_ticket_context keys;
  mbedtls_entropy_init(&entropy);
  mbedtls_x509_crt_init(&chain);
  mbedtls_pk_init(&key);
  mbedtls_ssl_cookie_init(&cookies);
  mbedtls_ssl_ticket_init(&keys);
  mbedtls_ctr_drbg_init(&random_bytes);
  mbedtls_ssl_config_init(&config);
  mbedtls_ssl_session_init(&session);
  must("random", !mbedtls_ctr_drbg_seed(&random_bytes, mbedtls_entropy_func, &entropy, NULL, 0));
  must("chain", !mbedtls_x509_crt_parse_file(&chain, argv[3]));
  must("key", !mbedtls_pk_parse_keyfile(&key, argv[4], NULL));
  int role = server ? MBEDTLS_SSL_IS_SERVER : MBEDTLS_SSL_IS_CLIENT;
  must("defaults", !mbedtls_ssl_config_defaults(&config, role, MBEDTLS_SSL_TRANSPORT_DATAGRAM, MBEDTLS_SSL_PRESET_DEFAULT));
  mbedtls_ssl_conf_rng(&config, mbedtls_ctr_drbg_random, &random_bytes);
  /* What is signalled decides about certificates in WebRTC, and nothing else. */
  mbedtls_ssl_conf_authmode(&config, server && auth ? MBEDTLS_SSL_VERIFY_OPTIONAL : MBEDTLS_SSL_VERIFY_NONE);
  if (server || auth) must("certificate", !mbedtls_ssl_conf_own_cert(&config, &chain, &key));
  static const mbedtls_ssl_srtp_profile profiles[] = {MBEDTLS_TLS_SRTP_AES128_CM_HMAC_SHA1_80, MBEDTLS_TLS_SRTP_UNSET};
  must("srtp", !mbedtls_ssl_conf_dtls_srtp_protection_profiles(&config, profiles));
  if (server && cookie) must("cookies", !mbedtls_ssl_cookie_setup(&cookies, mbedtls_ctr_drbg_random, &random_bytes));
  if (server)
    mbedtls_ssl_conf_dtls_cookies(&config, cookie ? mbedtls_ssl_cookie_write : NULL, cookie ? mbedtls_ssl_cookie_check : NULL, &cookies);
  if (server && tickets) {
    must("tickets", !mbedtls_ssl_ticket_setup(&keys, mbedtls_ctr_drbg_random, &random_bytes, MBEDTLS_CIPHER_AES_256_GCM, 3600));
    mbedtls_ssl_conf_session_tickets_cb(&config, mbedtls_ssl_ticket_write, mbedtls_ssl_ticket_parse, &keys);
  }
  if (!server) mbedtls_ssl_conf_session_tickets(&config, tickets);
  run(argv[2]);
  return 0;
}
