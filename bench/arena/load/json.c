/* Finds values in flat JSON by key: no tree, no allocation. */
#define _GNU_SOURCE
#include "arena.h"
#include <stdlib.h>
#include <string.h>

const char *jfind(const char *p, const char *end, const char *key) {
    size_t n = strlen(key);
    const char *q = p;
    while ((q = memmem(q, end - q, key, n))) {
        if (q > p && q[-1] == '"' && q + n + 1 < end && q[n] == '"') {
            q += n + 1;
            while (q < end && (*q == ' ' || *q == ':')) q++;
            return q;
        }
        q += n;
    }
    return NULL;
}
long jint(const char *p, const char *end, const char *key, long d) {
    const char *q = jfind(p, end, key);
    return q ? strtol(q + (*q == '"'), NULL, 10) : d;
}
bool jstr(const char *p, const char *end, const char *key, const char **s, size_t *n) {
    const char *q = jfind(p, end, key);
    if (!q) return false;
    if (*q == '"') {
        q++;
        *s = q;
        while (q < end && *q != '"') q++;
        *n = q - *s;
    } else {
        *s = q;
        while (q < end && *q != ',' && *q != '}' && *q != ']') q++;
        *n = q - *s;
    }
    return true;
}
