/*
 * What the small peers over Mbed TLS and wolfSSL have in common, since neither library has a loop of its own: one UDP socket on
 * loopback, the peers that are known on it, their timers, and lines on standard input. The including file defines
 * `struct library`, and `begin`, `drive`, `expired` and `end` for it.
 *   peer server 0 CHAIN.pem KEY.pem AUTH MTU COOKIE TICKETS
 *   peer client PORT CHAIN.pem KEY.pem AUTH MTU COOKIE TICKETS
 * AUTH: whether a server asks for a certificate, and a client has one. MTU: 0 for the library's own. COOKIE, TICKETS: 0 or 1.
 * Says "READY port", "CONNECTED version suite", "DATA text" (a client; a server sends it back), "CLOSED why".
 * A client takes "send text" and "close"; behind "again" it connects once more, from another port and from the session before.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* More peers than that push out the one that was silent longest. */
enum { MOST = 64 };

struct peer {
  struct sockaddr_in from;
  int established;
  /* The datagram that is being read. */
  const unsigned char *data;
  size_t size;
  /* When its library wants to be called; 0 for never. ms */
  double due, heard;
  struct library library;
};

static int udp, server, auth, mtu, cookie, tickets;
static struct peer *peers[MOST];

static void begin(struct peer *peer);
/* Does what a datagram or a command asks for; says why when the peer is to be dropped. */
static const char *drive(struct peer *peer);
static const char *expired(struct peer *peer);
static void send_text(struct peer *peer, const char *text);
/* Keeps its session, says goodbye. */
static void leave(struct peer *peer);
static void end(struct peer *peer);

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000.0 + t.tv_nsec / 1e6;
}

static void say(const char *what, const char *text) {
  printf("%s %s\n", what, text);
  fflush(stdout);
}

static void must(const char *what, int ok) {
  if (ok) return;
  say("FAILED", what);
  exit(1);
}

static int push(struct peer *peer, const void *bytes, size_t size) {
  return sendto(udp, bytes, size, 0, (void *)&peer->from, sizeof peer->from);
}

/* The datagram, once; 0 when there is none. */
static size_t pull(struct peer *peer, void *bytes, size_t size) {
  if (!peer->data) return 0;
  size_t taken = peer->size < size ? peer->size : size;
  memcpy(bytes, peer->data, taken);
  peer->data = NULL;
  return taken;
}

static void drop(struct peer **place, const char *why) {
  end(*place);
  free(*place);
  *place = NULL;
  /* Statelessly: the client is to come back with its cookie. */
  if (*why) say("CLOSED", why);
}

static struct peer **add(const struct sockaddr_in *from) {
  struct peer **place = &peers[0];
  for (int i = 0; i < MOST && *place; i++)
    if (!peers[i] || peers[i]->heard < (*place)->heard) place = &peers[i];
  if (*place) drop(place, "for another");
  *place = calloc(1, sizeof **place);
  (*place)->from = *from;
  begin(*place);
  return place;
}

static void take(const struct sockaddr_in *from, unsigned char *bytes, size_t size) {
  struct peer **place = NULL;
  for (int i = 0; i < MOST; i++)
    if (peers[i] && peers[i]->from.sin_port == from->sin_port) place = &peers[i];
  if (!place && !server) return;
  if (!place) place = add(from);
  (*place)->data = bytes;
  (*place)->size = size;
  (*place)->heard = now();
  const char *why = drive(*place);
  if (why) drop(place, why);
  else (*place)->data = NULL;
}

/* Waits for whatever comes first; true when it is a line on standard input. */
static int turn(void) {
  struct pollfd ready[2] = {{.fd = udp, .events = POLLIN}, {.fd = server ? -1 : 0, .events = POLLIN}};
  double wait = 1000;
  for (int i = 0; i < MOST; i++)
    if (peers[i] && peers[i]->due && peers[i]->due - now() < wait) wait = peers[i]->due - now();
  poll(ready, 2, wait < 1 ? 1 : wait);
  if (ready[0].revents & POLLIN) {
    unsigned char bytes[65536];
    struct sockaddr_in from;
    socklen_t length = sizeof from;
    ssize_t size = recvfrom(udp, bytes, sizeof bytes, 0, (void *)&from, &length);
    if (size > 0) take(&from, bytes, size);
  }
  for (int i = 0; i < MOST; i++) {
    const char *why = peers[i] && peers[i]->due && now() >= peers[i]->due ? expired(peers[i]) : NULL;
    if (why) drop(&peers[i], why);
  }
  return ready[1].revents != 0;
}

static void run(const char *port) {
  /* A line that waits in a buffer of its own would not be seen by poll. */
  setvbuf(stdin, NULL, _IONBF, 0);
  for (;;) {
    udp = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof own;
    must("bind", !bind(udp, (void *)&own, length) && !getsockname(udp, (void *)&own, &length));
    char line[2000];
    snprintf(line, sizeof line, "%d", ntohs(own.sin_port));
    say("READY", line);
    if (server) for (;;) turn();
    own.sin_port = htons(atoi(port));
    struct peer **place = add(&own);
    const char *why = drive(*place);
    if (why) drop(place, why);
    int again = 0;
    while (!again) {
      if (!turn()) continue;
      if (!fgets(line, sizeof line, stdin)) return;
      line[strcspn(line, "\n")] = 0;
      again = !strcmp(line, "again");
      if (*place && !strncmp(line, "send ", 5)) send_text(*place, line + 5);
      if (*place && !strcmp(line, "close")) {
        leave(*place);
        drop(place, "by us");
      }
    }
    close(udp);
  }
}
