/* A DTLS 1.2 endpoint over wolfSSL (Debian's has no 1.3): datagrams.h says how it is called and what it says. */
#include <wolfssl/options.h>
#include <wolfssl/ssl.h>
#include <wolfssl/error-ssl.h>

struct library {
  WOLFSSL *ssl;
};
#include "../datagrams.h"

static WOLFSSL_CTX *context;
static WOLFSSL_SESSION *session;

static const char *why(int code) {
  static char text[200];
  wolfSSL_ERR_error_string(code, text);
  return text;
}

static int transmit(WOLFSSL *ssl, char *bytes, int size, void *peer) { return push(peer, bytes, size); }

static int receive(WOLFSSL *ssl, char *bytes, int size, void *peer) {
  size_t taken = pull(peer, bytes, size);
  return taken ? (int)taken : WOLFSSL_CBIO_ERR_WANT_READ;
}

static int cookie_for(WOLFSSL *ssl, unsigned char *bytes, int size, void *peer) {
  size_t most = sizeof(struct sockaddr_in) < (size_t)size ? sizeof(struct sockaddr_in) : (size_t)size;
  memset(bytes, 0, size);
  memcpy(bytes, &((struct peer *)peer)->from, most);
  return size;
}

static int any(int preverified, WOLFSSL_X509_STORE_CTX *store) { return 1; }

static void begin(struct peer *peer) {
  WOLFSSL *ssl = peer->library.ssl = wolfSSL_new(context);
  must("new", ssl != NULL);
  wolfSSL_SetIOReadCtx(ssl, peer);
  wolfSSL_SetIOWriteCtx(ssl, peer);
  wolfSSL_SetCookieCtx(ssl, peer);
  wolfSSL_dtls_set_using_nonblock(ssl, 1);
  wolfSSL_dtls_set_peer(ssl, &peer->from, sizeof peer->from);
  if (session) must("session", wolfSSL_set_session(ssl, session) == WOLFSSL_SUCCESS);
}

/* NULL when it waits for a datagram or its timer, and for nothing else. */
static const char *ended(struct peer *peer, int code) {
  int error = wolfSSL_get_error(peer->library.ssl, code);
  if (error == WOLFSSL_ERROR_ZERO_RETURN) return wolfSSL_shutdown(peer->library.ssl), "by the peer";
  if (error != WOLFSSL_ERROR_WANT_READ && error != WOLFSSL_ERROR_WANT_WRITE) return why(error);
  peer->due = peer->established ? 0 : now() + 1000.0 * wolfSSL_dtls_get_current_timeout(peer->library.ssl);
  return NULL;
}

static const char *drive(struct peer *peer) {
  WOLFSSL *ssl = peer->library.ssl;
  for (;;) {
    int code = peer->established ? WOLFSSL_SUCCESS : server ? wolfSSL_accept(ssl) : wolfSSL_connect(ssl);
    if (code == WOLFSSL_SUCCESS) {
      char text[200];
      snprintf(text, sizeof text, "%s %s", wolfSSL_get_version(ssl), wolfSSL_get_cipher(ssl));
      if (!peer->established) say("CONNECTED", text);
      peer->established = 1;
      char bytes[16385];
      code = wolfSSL_read(ssl, bytes, sizeof bytes - 1);
      bytes[code > 0 ? code : 0] = 0;
      if (code > 0 && server) wolfSSL_write(ssl, bytes, code);
      else if (code > 0) say("DATA", bytes);
    }
    const char *what = code > 0 ? NULL : ended(peer, code);
    /* It may want to be called again for what it has read. */
    if (what || (code <= 0 && !peer->data)) return what;
  }
}

static const char *expired(struct peer *peer) {
  int code = wolfSSL_dtls_got_timeout(peer->library.ssl);
  return code == WOLFSSL_SUCCESS ? drive(peer) : ended(peer, code);
}

static void send_text(struct peer *peer, const char *text) {
  must("write", wolfSSL_write(peer->library.ssl, text, strlen(text)) > 0);
}

static void leave(struct peer *peer) {
  session = tickets ? wolfSSL_get1_session(peer->library.ssl) : NULL;
  wolfSSL_shutdown(peer->library.ssl);
}

static void end(struct peer *peer) { wolfSSL_free(peer->library.ssl); }

int main(int argc, char **argv) {
  if (argc != 9) return 2;
  server = !strcmp(argv[1], "server");
  auth = atoi(argv[5]), mtu = atoi(argv[6]), cookie = atoi(argv[7]), tickets = atoi(argv[8]);
  wolfSSL_Init();
  context = wolfSSL_CTX_new(server ? wolfDTLSv1_2_server_method() : wolfDTLSv1_2_client_method());
  must("context", context != NULL);
  if (server || auth) {
    must("chain", wolfSSL_CTX_use_certificate_chain_file(context, argv[3]) == WOLFSSL_SUCCESS);
    must("key", wolfSSL_CTX_use_PrivateKey_file(context, argv[4], WOLFSSL_FILETYPE_PEM) == WOLFSSL_SUCCESS);
  }
  /* What is signalled decides about certificates in WebRTC, and nothing else. */
  wolfSSL_CTX_set_verify(context, server && auth ? WOLFSSL_VERIFY_PEER : WOLFSSL_VERIFY_NONE, any);
  wolfSSL_SetIORecv(context, receive);
  wolfSSL_SetIOSend(context, transmit);
  wolfSSL_CTX_SetGenCookie(context, cookie_for);
  if (tickets && !server) wolfSSL_CTX_UseSessionTicket(context);
  run(argv[2]);
  return 0;
}
