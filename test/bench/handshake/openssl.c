/*
 * Complete handshakes of OpenSSL with itself through memory BIOs, to stand beside ours (openssl.ts):
 * mutual ECDSA certificates, no session cache, no tickets, no cookie, and certificates believed as they are (WebRTC goes by
 * their fingerprint), as our endpoints do it. Reads orders from standard input, a line each, and answers each with a line:
 *
 *   dtls1.2 X25519 200        handshakes for at least 200 ms of CPU time, of this version with this group
 *   151 200533                how many, and the microseconds of CPU time that they took
 *
 * Usage: openssl-bench CLIENT-CERT CLIENT-KEY SERVER-CERT SERVER-KEY (PEM files). The first line out is the library's version.
 */
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void give_up(const char *what) {
  fprintf(stderr, "openssl-bench: %s\n", what);
  ERR_print_errors_fp(stderr);
  exit(1);
}

static long long cpu_microseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

/* The chain is not judged; that the peer holds the key of its leaf is still checked, by its signature. */
static int believe(X509_STORE_CTX *store, void *argument) {
  (void)store;
  (void)argument;
  return 1;
}

static SSL_CTX *context(int server, int dtls, const char *group, const char *certificate, const char *key) {
  SSL_CTX *made = SSL_CTX_new(dtls ? (server ? DTLS_server_method() : DTLS_client_method())
                                   : (server ? TLS_server_method() : TLS_client_method()));
  if (!made) give_up("no context");
  int version = dtls ? DTLS1_2_VERSION : TLS1_3_VERSION;
  SSL_CTX_set_min_proto_version(made, version);
  SSL_CTX_set_max_proto_version(made, version);
  if (dtls && !SSL_CTX_set_cipher_list(made, "ECDHE-ECDSA-AES128-GCM-SHA256")) give_up("suite");
  if (!dtls && !SSL_CTX_set_ciphersuites(made, "TLS_AES_128_GCM_SHA256")) give_up("suite");
  if (!SSL_CTX_set1_groups_list(made, group)) give_up(group);
  if (SSL_CTX_use_certificate_chain_file(made, certificate) != 1) give_up(certificate);
  if (SSL_CTX_use_PrivateKey_file(made, key, SSL_FILETYPE_PEM) != 1) give_up(key);
  SSL_CTX_set_verify(made, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
  SSL_CTX_set_cert_verify_callback(made, believe, NULL);
  SSL_CTX_set_session_cache_mode(made, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(made, SSL_OP_NO_TICKET | SSL_OP_NO_QUERY_MTU);
  SSL_CTX_set_num_tickets(made, 0);
  return made;
}

static int step(SSL *ssl) {
  int result = SSL_do_handshake(ssl);
  if (result == 1) return 1;
  int why = SSL_get_error(ssl, result);
  if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) give_up("handshake");
  return 0;
}

static void shake(SSL_CTX *client_context, SSL_CTX *server_context, int dtls) {
  SSL *client = SSL_new(client_context), *server = SSL_new(server_context);
  BIO *to_server = BIO_new(BIO_s_mem()), *to_client = BIO_new(BIO_s_mem());
  if (!client || !server || !to_server || !to_client) give_up("no memory");
  BIO_set_mem_eof_return(to_server, -1);
  BIO_set_mem_eof_return(to_client, -1);
  /* Each BIO has two owners. */
  BIO_up_ref(to_server);
  BIO_up_ref(to_client);
  SSL_set_bio(client, to_client, to_server);
  SSL_set_bio(server, to_server, to_client);
  SSL_set_connect_state(client);
  SSL_set_accept_state(server);
  if (dtls) {
    SSL_set_mtu(client, 1200);
    SSL_set_mtu(server, 1200);
  }
  int client_done = 0, server_done = 0;
  for (int turns = 0; !(client_done && server_done); turns++) {
    if (turns > 20) give_up("the handshake does not end");
    if (!client_done) client_done = step(client);
    if (!server_done) server_done = step(server);
  }
  SSL_free(client);
  SSL_free(server);
}

int main(int count, char **values) {
  if (count != 5) give_up("usage: CLIENT-CERT CLIENT-KEY SERVER-CERT SERVER-KEY");
  printf("%s\n", OpenSSL_version(OPENSSL_VERSION));
  fflush(stdout);
  char version[16], group[64];
  int milliseconds;
  while (scanf("%15s %63s %d", version, group, &milliseconds) == 3) {
    int dtls = strcmp(version, "dtls1.2") == 0;
    SSL_CTX *client = context(0, dtls, group, values[1], values[2]);
    SSL_CTX *server = context(1, dtls, group, values[3], values[4]);
    shake(client, server, dtls);
    long long start = cpu_microseconds(), spent = 0, done = 0;
    while (spent < milliseconds * 1000LL) {
      shake(client, server, dtls);
      done++;
      spent = cpu_microseconds() - start;
    }
    printf("%lld %lld\n", done, spent);
    fflush(stdout);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
  }
  return 0;
}
