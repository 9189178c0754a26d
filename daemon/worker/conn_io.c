/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <errno.h>
#include <openssl/err.h>
#include <sys/socket.h>

#include "daemon/base/log.h"
#include "daemon/worker/conn_internal.h"

static int explain(struct sp_conn *c, int r, const char *doing)
{
        char text[160];

        switch (SSL_get_error(c->ssl, r)) {
        case SSL_ERROR_WANT_READ:
                return -EAGAIN;
        case SSL_ERROR_WANT_WRITE:
                return -EINPROGRESS;
        case SSL_ERROR_ZERO_RETURN:
                return 0;
        default:
                ERR_error_string_n(ERR_peek_error(), text, sizeof(text));
                sp_log(SP_LOG_DEBUG, "%s: %s", doing, text);
                ERR_clear_error();
                return -EIO;
        }
}

ssize_t sp_conn_read(struct sp_conn *c, char *to, size_t n)
{
        ssize_t got;
        int r;

        if (!c->ssl) {
                got = recv(c->fd, to, n, 0);
                return got >= 0 ? got : errno == EINTR ? -EAGAIN : -errno;
        }
        assert(n <= INT32_MAX);
        c->writes_to_read = false;
        ERR_clear_error();
        r = SSL_read(c->ssl, to, (int)n);
        if (r > 0)
                return r;
        r = explain(c, r, "reading TLS");
        if (r == -EINPROGRESS) {
                c->writes_to_read = true;
                r = -EAGAIN;
        }
        return r;
}

/* Positive bytes, 0: the socket is full, negative: broken. */
static ssize_t write_some(struct sp_conn *c, const char *p, size_t n)
{
        ssize_t put;
        int r;

        if (!c->ssl) {
                put = send(c->fd, p, n, MSG_NOSIGNAL);
                if (put < 0)
                        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
                c->io.sent += (uint32_t)put;
                return put;
        }
        c->reads_to_write = false;
        ERR_clear_error();
        r = SSL_write(c->ssl, p, (int)SP_MIN(n, (size_t)INT32_MAX));
        if (r > 0)
                return r;
        r = explain(c, r, "writing TLS");
        if (r == -EAGAIN)
                c->reads_to_write = true;
        return r == -EAGAIN || r == -EINPROGRESS ? 0 : r == 0 ? -EPIPE : r;
}

/* Hands over what waits in the pipe. 1: all of it; 0: the socket is full; negative: broken. */
static int write_out(struct sp_conn *c)
{
        struct sp_pipe *p = &c->pipe;

        assert(p->out_done <= p->out.n);
        while (p->out_done < p->out.n) {
                ssize_t n =
                        write_some(c, p->out.p + p->out_done, p->out.n - p->out_done);

                if (n <= 0)
                        return (int)n;
                p->out_done += (size_t)n;
        }
        return 1;
}

bool sp_conn_has_output(const struct sp_conn *c)
{
        return c->pipe.out_done < c->pipe.out.n || c->io.out;
}

int sp_conn_flush(struct sp_conn *c)
{
        struct sp_pipe *p = &c->pipe;
        uint32_t before = c->io.sent;
        int r, sent;

        if (c->ssl)
                sp_tls_io_gather(&c->io, p->out.n - p->out_done);
        r = write_out(c);
        if (r >= 0) {
                sent = sp_tls_io_send(&c->io);
                r = SP_MIN(r, sent);
        }
        if (r < 0)
                return r;
        c->is_blocked = r == 0;
        if (r == 1 || c->io.sent != before)
                c->stall_us = 0;
        if (r == 0 && c->stall_us == 0)
                c->stall_us = sp_clock_us() + SP_CONN_STALL_US;
        if (p->out_done == p->out.n) {
                p->out_done = 0;
                sp_buf_clear(&p->out);
                if (p->deadline_us) /* nothing stays allocated for an idle connection */
                        sp_buf_done(&p->out);
        } else if (p->out_done > p->out.n / 2) {
                /* what was sent goes now and then, not byte by byte */
                sp_buf_consume(&p->out, p->out_done);
                p->out_done = 0;
        }
        return r;
}

int sp_conn_handshake(struct sp_conn *c)
{
        int r;

        c->writes_to_read = false;
        ERR_clear_error();
        r = SSL_do_handshake(c->ssl);
        if (r == 1)
                return 1;
        r = explain(c, r, "TLS handshake");
        if (r == -EINPROGRESS)
                c->writes_to_read = true;
        if (r == -EAGAIN || r == -EINPROGRESS)
                return 0;
        return r < 0 ? r : -EPIPE;
}

void sp_conn_alert(struct sp_conn *c, uint8_t description)
{
        /* RFC 8446 §5.1 and §6: alert record, fatal */
        const uint8_t record[] = { 21, 3, 3, 0, 2, 2, description };

        (void)send(c->fd, record, sizeof(record), MSG_NOSIGNAL);
}
