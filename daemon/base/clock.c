/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <sys/random.h>
#include <time.h>

static const char crockford[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static uint64_t read_clock(clockid_t id)
{
        struct timespec t;

        (void)clock_gettime(id, &t);
        return (uint64_t)t.tv_sec * SP_USEC_PER_SEC + (uint64_t)t.tv_nsec / 1000;
}

uint64_t sp_clock_us(void)
{
        return read_clock(CLOCK_MONOTONIC);
}

uint64_t sp_clock_wall_us(void)
{
        return read_clock(CLOCK_REALTIME);
}

int sp_ulid_new(struct sp_ulid *ret)
{
        uint64_t ms = sp_clock_wall_us() / 1000;
        unsigned char r[10];
        uint64_t hi = 0, lo = 0;

        if (getrandom(r, sizeof(r), 0) != (ssize_t)sizeof(r))
                return errno ? -errno : -EIO;
        for (int i = 9; i >= 0; i--, ms >>= 5)
                ret->c[i] = crockford[ms & 31];
        for (int i = 0; i < 5; i++) {
                hi = hi << 8 | r[i];
                lo = lo << 8 | r[i + 5];
        }
        for (int i = 17; i >= 10; i--, hi >>= 5)
                ret->c[i] = crockford[hi & 31];
        for (int i = 25; i >= 18; i--, lo >>= 5)
                ret->c[i] = crockford[lo & 31];
        ret->c[SP_ULID_LEN] = '\0';
        return 0;
}

bool sp_ulid_is_valid(struct sp_str s)
{
        if (s.n != SP_ULID_LEN || s.p[0] > '7')
                return false;
        for (size_t i = 0; i < s.n; i++)
                if (!s.p[i] || !strchr(crockford, s.p[i]))
                        return false;
        return true;
}

bool sp_ulid_ms(struct sp_str s, uint64_t *ret)
{
        uint64_t ms = 0;

        if (!sp_ulid_is_valid(s))
                return false;
        for (size_t i = 0; i < 10; i++)
                ms = ms << 5 | (uint64_t)(strchr(crockford, s.p[i]) - crockford);
        *ret = ms;
        return true;
}

void sp_clock_format(uint64_t wall_us, char ret[SP_TIME_LEN + 1])
{
        time_t t = (time_t)(wall_us / SP_USEC_PER_SEC);
        struct tm tm;

        memset(ret, 0, SP_TIME_LEN + 1);
        if (!gmtime_r(&t, &tm) || !strftime(ret, SP_TIME_LEN, "%Y-%m-%dT%H:%M:%S", &tm))
                return;
        (void)snprintf(ret + 19, 9, ".%06uZ", (unsigned)(wall_us % SP_USEC_PER_SEC));
}
