/*
 * An NSS endpoint on loopback UDP, driven by lines on its standard input: the DTLS 1.3 peer that shares no code with ours.
 *   peer client PORT    connects to that port
 *   peer server 0       listens, and says where: "READY port"
 * followed by CERT.der KEY.pkcs8.der POINT.bin SUITE GROUPS AUTH CONNECTIONS. POINT.bin is the public point of the P-256 key,
 * SUITE a number in hexadecimal (0: all), GROUPS numbers with commas, AUTH 0 (no client certificate), 1 (asked for) or 2
 * (required); a client has its certificate unless AUTH is 0. One connection follows the other, in one process, so that later
 * ones can resume.
 * Says: "CONNECTED version suite group resumed", "EXPORTED hex", "DATA text", "CLOSED", "FAILED name".
 * Takes: "send text", "update" (KeyUpdate that asks for the peer's), "close".
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cert.h>
#include <nss.h>
#include <pk11pub.h>
#include <prerror.h>
#include <prinit.h>
#include <prio.h>
#include <prnetdb.h>
#include <ssl.h>
#include <sslexp.h>
#include <sslproto.h>

static CERTCertificate *cert;
static SECKEYPrivateKey *key;
static int suite, auth, server;
static SSLNamedGroup groups[16];
static unsigned groupCount;
static volatile int over;

static void say(const char *what, const char *text) {
  printf("%s %s\n", what, text);
  fflush(stdout);
}

static void fail(const char *what) {
  char text[200];
  snprintf(text, sizeof text, "%s: %s", what, PR_ErrorToName(PR_GetError()));
  say("FAILED", text);
  exit(1);
}

static SECItem slurp(const char *path) {
  FILE *f = fopen(path, "rb");
  if (!f) fail(path);
  SECItem item = {siBuffer, malloc(65536), 0};
  item.len = fread(item.data, 1, 65536, f);
  fclose(f);
  return item;
}

static SECStatus acceptAny(void *arg, PRFileDesc *fd, PRBool check, PRBool isServer) { return SECSuccess; }

static SECStatus ownCert(void *arg, PRFileDesc *fd, CERTDistNames *names, CERTCertificate **c, SECKEYPrivateKey **k) {
  *c = CERT_DupCertificate(cert);
  *k = SECKEY_CopyPrivateKey(key);
  return SECSuccess;
}

static PRFileDesc *endpoint(PRFileDesc *udp) {
  PRFileDesc *fd = DTLS_ImportFD(NULL, udp);
  if (!fd) fail("DTLS_ImportFD");
  SSLVersionRange range = {SSL_LIBRARY_VERSION_TLS_1_2, SSL_LIBRARY_VERSION_TLS_1_3};
  if (SSL_VersionRangeSet(fd, &range)) fail("SSL_VersionRangeSet");
  SSL_OptionSet(fd, SSL_SECURITY, PR_TRUE);
  SSL_OptionSet(fd, SSL_HANDSHAKE_AS_SERVER, server);
  SSL_OptionSet(fd, SSL_HANDSHAKE_AS_CLIENT, !server);
  SSL_OptionSet(fd, SSL_ENABLE_SESSION_TICKETS, PR_TRUE);
  SSL_OptionSet(fd, SSL_ENABLE_0RTT_DATA, PR_FALSE);
  SSL_OptionSet(fd, SSL_REQUEST_CERTIFICATE, server && auth > 0);
  SSL_OptionSet(fd, SSL_REQUIRE_CERTIFICATE, server && auth > 1 ? SSL_REQUIRE_ALWAYS : SSL_REQUIRE_NEVER);
  static const int all[] = {TLS_AES_128_GCM_SHA256, TLS_AES_256_GCM_SHA384, TLS_CHACHA20_POLY1305_SHA256};
  for (int i = 0; i < 3; i++) SSL_CipherPrefSet(fd, all[i], !suite || all[i] == suite);
  if (SSL_NamedGroupConfig(fd, groups, groupCount)) fail("SSL_NamedGroupConfig");
  SSL_AuthCertificateHook(fd, acceptAny, NULL);
  if (!server && auth > 0) SSL_GetClientAuthDataHook(fd, ownCert, NULL);
  static const PRUint16 srtp[] = {0x0007, 0x0001};
  SSL_SetSRTPCiphers(fd, srtp, 2);
  if (server && SSL_ConfigServerCert(fd, cert, key, NULL, 0)) fail("SSL_ConfigServerCert");
  SSL_SetURL(fd, "dtlscope");
  SSL_ResetHandshake(fd, server);
  return fd;
}

static void *hear(void *arg) {
  PRFileDesc *fd = arg;
  char b[4000];
  for (;;) {
    PRInt32 n = PR_Recv(fd, b, sizeof b - 1, 0, PR_SecondsToInterval(1));
    if (n > 0) {
      b[n] = 0;
      say("DATA", b);
    } else if (n == 0 || PR_GetError() != PR_IO_TIMEOUT_ERROR) {
      if (n < 0) say("FAILED", PR_ErrorToName(PR_GetError()));
      over = 1;
      return NULL;
    }
    if (over) return NULL;
  }
}

static void describe(PRFileDesc *fd) {
  SSLChannelInfo info;
  if (SSL_GetChannelInfo(fd, &info, sizeof info)) fail("SSL_GetChannelInfo");
  char text[200];
  snprintf(text, sizeof text, "%04x %04x %d %d", info.protocolVersion, info.cipherSuite, info.keaGroup, info.resumed);
  say("CONNECTED", text);
  unsigned char out[32];
  if (SSL_ExportKeyingMaterial(fd, "EXPORTER-dtlscope", 17, PR_FALSE, NULL, 0, out, sizeof out)) fail("export");
  for (unsigned i = 0; i < sizeof out; i++) snprintf(text + 2 * i, 3, "%02x", out[i]);
  say("EXPORTED", text);
}

int main(int argc, char **argv) {
  if (argc != 10) return 2;
  server = !strcmp(argv[1], "server");
  int port = atoi(argv[2]);
  suite = strtol(argv[6], NULL, 16);
  for (char *group = strtok(argv[7], ","); group; group = strtok(NULL, ",")) groups[groupCount++] = atoi(group);
  auth = atoi(argv[8]);
  PR_Init(PR_USER_THREAD, PR_PRIORITY_NORMAL, 0);
  if (NSS_NoDB_Init(NULL) || NSS_SetDomesticPolicy()) fail("NSS");
  SSL_ConfigServerSessionIDCache(10, 0, 0, NULL);
  SECItem der = slurp(argv[3]), p8 = slurp(argv[4]), point = slurp(argv[5]);
  cert = CERT_NewTempCertificate(CERT_GetDefaultCertDB(), &der, NULL, PR_FALSE, PR_TRUE);
  if (!cert) fail("certificate");
  PK11SlotInfo *slot = PK11_GetInternalSlot();
  if (PK11_ImportDERPrivateKeyInfoAndReturnKey(slot, &p8, NULL, &point, PR_FALSE, PR_FALSE, KU_ALL, &key, NULL)) fail("key");

  for (int i = atoi(argv[9]); i > 0; i--) {
    PRFileDesc *udp = PR_NewUDPSocket();
    PRNetAddr a;
    PR_InitializeNetAddr(PR_IpAddrLoopback, 0, &a);
    if (PR_Bind(udp, &a) || PR_GetSockName(udp, &a)) fail("PR_Bind");
    char text[4000];
    snprintf(text, sizeof text, "%d", PR_ntohs(PR_NetAddrInetPort(&a)));
    if (server) {
      say("READY", text);
      if (PR_RecvFrom(udp, text, sizeof text, PR_MSG_PEEK, &a, PR_SecondsToInterval(30)) <= 0) fail("PR_RecvFrom");
    } else {
      PR_InitializeNetAddr(PR_IpAddrLoopback, port, &a);
    }
    if (PR_Connect(udp, &a, 1000)) fail("PR_Connect");
    PRFileDesc *fd = endpoint(udp);
    if (SSL_ForceHandshakeWithTimeout(fd, PR_SecondsToInterval(20))) fail("handshake");
    describe(fd);
    over = 0;
    pthread_t hearing;
    pthread_create(&hearing, NULL, hear, fd);
    while (fgets(text, sizeof text, stdin)) {
      text[strcspn(text, "\n")] = 0;
      if (!strncmp(text, "send ", 5)) {
        int length = strlen(text + 5);
        if (PR_Send(fd, text + 5, length, 0, PR_SecondsToInterval(5)) != length) fail("PR_Send");
      } else if (!strcmp(text, "update")) {
        if (SSL_KeyUpdate(fd, PR_TRUE)) fail("SSL_KeyUpdate");
      } else if (!strcmp(text, "close")) break;
    }
    over = 1;
    PR_Shutdown(fd, PR_SHUTDOWN_BOTH);
    pthread_join(hearing, NULL);
    PR_Close(fd);
    say("CLOSED", "");
  }
  return 0;
}
