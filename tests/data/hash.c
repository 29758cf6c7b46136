/* Integer hashing: rotates, 64-bit multiplies, unaligned loads, table lookups. */
#include <stdint.h>
#include <string.h>

static uint32_t crc_table[256];

static uint64_t rotate(uint64_t x, int by) { return (x << by) | (x >> (64 - by)); }

__attribute__((export_name("mix"))) uint64_t mix(const uint8_t *bytes, uint32_t size) {
    uint64_t state = 0x9E3779B97F4A7C15u ^ size;
    while (size >= 8) {
        uint64_t word;
        memcpy(&word, bytes, 8);
        state = rotate(state ^ word * 0xC2B2AE3D27D4EB4Fu, 31) * 0x165667B19E3779F9u;
        bytes += 8;
        size -= 8;
    }
    while (size--) state = rotate(state ^ *bytes++, 11) * 0x27D4EB2F165667C5u;
    return state ^ (state >> 33);
}

__attribute__((export_name("crc"))) uint32_t crc(const uint8_t *bytes, uint32_t size) {
    if (!crc_table[1])
        for (uint32_t i = 0; i < 256; i++) {
            uint32_t value = i;
            for (int bit = 0; bit < 8; bit++) value = value & 1 ? 0xEDB88320u ^ (value >> 1) : value >> 1;
            crc_table[i] = value;
        }
    uint32_t state = ~0u;
    for (uint32_t i = 0; i < size; i++) state = crc_table[(state ^ bytes[i]) & 255] ^ (state >> 8);
    return ~state;
}

__attribute__((export_name("bits"))) int bits(uint64_t x) {
    return __builtin_popcountll(x) + __builtin_clzll(x | 1) * 64 + __builtin_ctz((uint32_t)x | 256) * 4096;
}
