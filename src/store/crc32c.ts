/** CRC-32C (Castagnoli, RFC 3720 §12.1), eight bytes a step. */
const TABLES = Array.from({ length: 8 }, () => new Uint32Array(256));
for (let i = 0; i < 256; i++) {
  let crc = i;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  (TABLES[0] as Uint32Array)[i] = crc >>> 0;
}
for (let step = 1; step < 8; step++) {
  const [before, first] = [TABLES[step - 1] as Uint32Array, TABLES[0] as Uint32Array];
  for (let i = 0; i < 256; i++) {
    const crc = before[i] as number;
    (TABLES[step] as Uint32Array)[i] = ((crc >>> 8) ^ (first[crc & 255] as number)) >>> 0;
  }
}
const [T0, T1, T2, T3, T4, T5, T6, T7] = TABLES as [
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
];

/** @param start first byte @param end the one after the last */
export function crc32c(bytes: Uint8Array, start = 0, end: number = bytes.length): number {
  const at = (index: number): number => bytes[index] as number;
  let crc = ~0;
  let i = start;
  for (; i + 8 <= end; i += 8) {
    const low = crc ^ (at(i) | (at(i + 1) << 8) | (at(i + 2) << 16) | (at(i + 3) << 24));
    crc =
      (T7[low & 255] as number) ^
      (T6[(low >>> 8) & 255] as number) ^
      (T5[(low >>> 16) & 255] as number) ^
      (T4[low >>> 24] as number) ^
      (T3[at(i + 4)] as number) ^
      (T2[at(i + 5)] as number) ^
      (T1[at(i + 6)] as number) ^
      (T0[at(i + 7)] as number);
  }
  for (; i < end; i++) crc = (crc >>> 8) ^ (T0[(crc ^ at(i)) & 255] as number);
  return ~crc >>> 0;
}

/** leveldb, util/crc32c.h: checksums of data that holds checksums are weak. */
export function masked(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
