/* Decodes EA11 tokens of 20 digits, a line each: the C version that `make bench` measures beside.

   Usage: peer_ea11 KEY < lines. Prints how many checksums were right, and the seconds of CPU.
   tables.h, which `peers.py` writes, has S7 and S9 of RFC 2994.
   Source: IEC 62055-41, token data number, encryption algorithm 11, CRC. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "tables.h"

static uint16_t k[8], kp[8];

static uint16_t fi(uint16_t word, uint16_t key) {
    uint16_t seven = word & 127, nine = S9[word >> 7] ^ seven;
    seven = S7[seven] ^ (nine & 127) ^ (key >> 9);
    nine ^= key & 511;
    return seven << 9 | (S9[nine] ^ seven);
}

static void fo(uint16_t *to, const uint16_t *from, int i) {
    uint16_t left = from[0], right = from[1];
    left = fi(left ^ k[i & 7], kp[(i + 5) & 7]) ^ right;
    right = fi(right ^ k[(i + 2) & 7], kp[(i + 1) & 7]) ^ left;
    left = fi(left ^ k[(i + 7) & 7], kp[(i + 3) & 7]) ^ right;
    to[0] ^= right ^ k[(i + 4) & 7];
    to[1] ^= left;
}

static void undo_fl(uint16_t *half, int i) {
    int j = i >> 1, odd = i & 1;
    half[0] ^= half[1] | (odd ? k[(j + 4) & 7] : kp[(j + 6) & 7]);
    half[1] ^= half[0] & (odd ? kp[(j + 2) & 7] : k[j & 7]);
}

static uint64_t decrypted(uint64_t block) {
    uint16_t left[2] = {block >> 16, block}, right[2] = {block >> 48, block >> 32};
    undo_fl(left, 8);
    undo_fl(right, 9);
    for (int i = 6; i >= 0; i -= 2) {
        fo(left, right, i + 1);
        fo(right, left, i);
        undo_fl(right, i + 1);
        undo_fl(left, i);
    }
    return (uint64_t)left[0] << 48 | (uint64_t)left[1] << 32 | (uint32_t)right[0] << 16 | right[1];
}

static uint16_t crc(uint16_t sum, uint8_t byte) {
    sum ^= byte;
    for (int bit = 0; bit < 8; bit++)
        sum = sum & 1 ? sum >> 1 ^ 0xA001 : sum >> 1;
    return sum;
}

static int is_right(const char *digits) {
    unsigned __int128 token = 0;
    for (int at = 0; at < 20; at++)
        token = token * 10 + (digits[at] - '0');
    uint64_t block = (uint64_t)token, displaced = (uint64_t)(token >> 64), kind = block >> 27 & 3;
    block = decrypted(block ^ (kind ^ displaced) << 27);
    uint16_t sum = crc(0xFFFF, kind);
    for (int at = 56; at >= 16; at -= 8)
        sum = crc(sum, block >> at);
    return (block & 0xFFFF) == (uint16_t)(sum << 8 | sum >> 8);
}

int main(int count, char **words) {
    static char lines[1 << 20][22];
    int total = 0, right = 0;
    if (count != 2)
        return 2;
    for (int at = 0; at < 8; at++) {
        char part[5] = {words[1][4 * at], words[1][4 * at + 1], words[1][4 * at + 2], words[1][4 * at + 3]};
        k[at] = strtol(part, NULL, 16);
    }
    for (int at = 0; at < 8; at++)
        kp[at] = fi(k[at], k[(at + 1) & 7]);
    while (total < 1 << 20 && fgets(lines[total], sizeof *lines, stdin))
        total++;
    clock_t began = clock();
    for (int at = 0; at < total; at++)
        right += is_right(lines[at]);
    printf("%d %.6f\n", right, (double)(clock() - began) / CLOCKS_PER_SEC);
    return 0;
}
