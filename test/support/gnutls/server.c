/*
 * A DTLS server over GnuTLS for many clients at once, as a gateway would be and gnutls-serv is not: it has one socket, a
 * session for each address that has proved itself with a cookie, and their timers.
 *   server CHAIN.pem KEY.pem PRIORITY AUTH
 * AUTH: 0 (no client certificate), 1 (asked for), 2 (required). Listens on loopback, and says where: "READY port".
 * Sends back what it is sent. Refuses renegotiation. An association may begin anew from the same address (RFC 6347, 4.2.8).
 * Says "ESTABLISHED description" and "CLOSED why" for each session.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/dtls.h>
#include <gnutls/gnutls.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* More clients than that push out the one that was silent longest. */
enum { MOST = 256, MTU = 1400, IDLE_S = 60 };

struct client {
  struct sockaddr_in from;
  gnutls_session_t session;
  int established;
  /* The datagram that is being read; GnuTLS takes it whole. */
  const unsigned char *data;
  size_t size;
  time_t heard;
};

static int udp;
static gnutls_datum_t cookies, tickets;
static gnutls_certificate_credentials_t credentials;
static gnutls_priority_t priority;
static gnutls_certificate_request_t auth;
static struct client *clients[MOST];

static void must(const char *what, int code) {
  if (code >= 0) return;
  printf("FAILED %s: %s\n", what, gnutls_strerror(code));
  fflush(stdout);
  exit(1);
}

static ssize_t sendTo(gnutls_transport_ptr_t to, const void *bytes, size_t size) {
  return sendto(udp, bytes, size, 0, to, sizeof(struct sockaddr_in));
}

static ssize_t push(gnutls_transport_ptr_t to, const void *bytes, size_t size) {
  struct client *client = to;
  return sendTo(&client->from, bytes, size);
}

static ssize_t pull(gnutls_transport_ptr_t from, void *bytes, size_t size) {
  struct client *client = from;
  if (!client->data) {
    gnutls_transport_set_errno(client->session, EAGAIN);
    return -1;
  }
  size_t taken = client->size < size ? client->size : size;
  memcpy(bytes, client->data, taken);
  client->data = NULL;
  return taken;
}

static int waiting(gnutls_transport_ptr_t from, unsigned ms) {
  return ((struct client *)from)->data ? 1 : 0;
}

static struct client **find(const struct sockaddr_in *from) {
  struct client **place = NULL;
  for (int i = 0; i < MOST; i++)
    if (clients[i] && clients[i]->from.sin_port == from->sin_port &&
        clients[i]->from.sin_addr.s_addr == from->sin_addr.s_addr)
      place = &clients[i];
  return place;
}

static void drop(struct client **place, const char *why) {
  gnutls_deinit((*place)->session);
  free(*place);
  *place = NULL;
  printf("CLOSED %s\n", why);
  fflush(stdout);
}

static struct client **room(void) {
  struct client **oldest = &clients[0];
  for (int i = 0; i < MOST; i++) {
    if (!clients[i]) return &clients[i];
    if (clients[i]->heard < (*oldest)->heard) oldest = &clients[i];
  }
  drop(oldest, "for another");
  return oldest;
}

static struct client **accepted(const struct sockaddr_in *from, gnutls_dtls_prestate_st *prestate) {
  struct client **place = room();
  struct client *client = calloc(1, sizeof *client);
  client->from = *from;
  must("init", gnutls_init(&client->session, GNUTLS_SERVER | GNUTLS_DATAGRAM | GNUTLS_NONBLOCK));
  must("priority", gnutls_priority_set(client->session, priority));
  must("credentials", gnutls_credentials_set(client->session, GNUTLS_CRD_CERTIFICATE, credentials));
  must("srtp", gnutls_srtp_set_profile_direct(client->session, "SRTP_AES128_CM_HMAC_SHA1_80", NULL));
  must("tickets", gnutls_session_ticket_enable_server(client->session, &tickets));
  gnutls_certificate_server_set_request(client->session, auth);
  gnutls_dtls_set_mtu(client->session, MTU);
  gnutls_dtls_set_timeouts(client->session, 1000, 60000);
  gnutls_dtls_prestate_set(client->session, prestate);
  gnutls_transport_set_ptr(client->session, client);
  gnutls_transport_set_push_function(client->session, push);
  gnutls_transport_set_pull_function(client->session, pull);
  gnutls_transport_set_pull_timeout_function(client->session, waiting);
  *place = client;
  return place;
}

/* Lets a session do what a datagram or its timer asks for. */
static void drive(struct client **place) {
  struct client *client = *place;
  int code = 0;
  while (!client->established) {
    code = gnutls_handshake(client->session);
    if (code == 0) {
      client->established = 1;
      char *text = gnutls_session_get_desc(client->session);
      printf("ESTABLISHED %s\n", text);
      fflush(stdout);
      gnutls_free(text);
    } else if (code == GNUTLS_E_AGAIN || code == GNUTLS_E_INTERRUPTED) {
      return;
    } else if (gnutls_error_is_fatal(code)) {
      gnutls_alert_send_appropriate(client->session, code);
      drop(place, gnutls_strerror(code));
      return;
    }
  }
  while (client->data) {
    char bytes[16384];
    ssize_t n = gnutls_record_recv(client->session, bytes, sizeof bytes);
    if (n > 0) {
      gnutls_record_send(client->session, bytes, n);
    } else if (n == 0) {
      gnutls_bye(client->session, GNUTLS_SHUT_WR);
      drop(place, "by the client");
      return;
    } else if (n == GNUTLS_E_REHANDSHAKE) {
      gnutls_alert_send(client->session, GNUTLS_AL_WARNING, GNUTLS_A_NO_RENEGOTIATION);
    } else if (n != GNUTLS_E_AGAIN && n != GNUTLS_E_INTERRUPTED && gnutls_error_is_fatal(n)) {
      drop(place, gnutls_strerror(n));
      return;
    }
  }
}

static void take(const struct sockaddr_in *from, unsigned char *bytes, size_t size) {
  struct client **place = find(from);
  /* The beginning of a ClientHello in epoch 0: where a session is established, this may be a client that begins anew. */
  int hello = size > 25 && bytes[0] == 22 && !bytes[3] && !bytes[4] && bytes[13] == 1 && !bytes[19] && !bytes[20] && !bytes[21];
  if (!place || ((*place)->established && hello)) {
    if (!hello) return;
    gnutls_dtls_prestate_st prestate = {0};
    if (gnutls_dtls_cookie_verify(&cookies, (void *)from, sizeof *from, bytes, size, &prestate) < 0) {
      gnutls_dtls_cookie_send(&cookies, (void *)from, sizeof *from, &prestate, (void *)from, sendTo);
      return;
    }
    if (place) drop(place, "it begins anew");
    place = accepted(from, &prestate);
  }
  (*place)->data = bytes;
  (*place)->size = size;
  (*place)->heard = time(NULL);
  drive(place);
  if (*place) (*place)->data = NULL;
}

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  must("certificate", gnutls_certificate_allocate_credentials(&credentials));
  must("files", gnutls_certificate_set_x509_key_file(credentials, argv[1], argv[2], GNUTLS_X509_FMT_PEM));
  must("priority", gnutls_priority_init(&priority, argv[3], NULL));
  must("cookie key", gnutls_key_generate(&cookies, GNUTLS_COOKIE_KEY_SIZE));
  must("ticket key", gnutls_session_ticket_key_generate(&tickets));
  auth = (gnutls_certificate_request_t[]){GNUTLS_CERT_IGNORE, GNUTLS_CERT_REQUEST, GNUTLS_CERT_REQUIRE}[atoi(argv[4]) % 3];
  udp = socket(AF_INET, SOCK_DGRAM, 0);
  struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof own;
  if (bind(udp, (void *)&own, length) || getsockname(udp, (void *)&own, &length)) return 1;
  printf("READY %d\n", ntohs(own.sin_port));
  fflush(stdout);
  for (;;) {
    /* The timers are GnuTLS's own; it wants to be called when one is due. */
    struct pollfd readable = {.fd = udp, .events = POLLIN};
    int wait = 1000;
    for (int i = 0; i < MOST; i++) {
      if (!clients[i] || clients[i]->established) continue;
      int due = gnutls_dtls_get_timeout(clients[i]->session);
      if (due < wait) wait = due;
    }
    if (poll(&readable, 1, wait < 1 ? 1 : wait) > 0) {
      unsigned char bytes[65536];
      struct sockaddr_in from;
      length = sizeof from;
      ssize_t size = recvfrom(udp, bytes, sizeof bytes, 0, (void *)&from, &length);
      if (size > 0) take(&from, bytes, size);
    }
    for (int i = 0; i < MOST; i++) {
      if (!clients[i]) continue;
      if (!clients[i]->established && gnutls_dtls_get_timeout(clients[i]->session) == 0) drive(&clients[i]);
      if (clients[i] && time(NULL) - clients[i]->heard > IDLE_S) drop(&clients[i], "silent");
    }
  }
}
