/**
 * Unpacks what LevelDB has packed (google/snappy, format_description.txt): its length, then literals and copies of what
 * came before.
 *
 * @throws RangeError if it is not whole
 */
export function unsnappy(packed: Buffer): Buffer {
  let at = 0;
  const number = (bytes: number): number => {
    at += bytes;
    return packed.readUIntLE(at - bytes, bytes);
  };

  let length = 0;
  for (let scale = 1; ; scale *= 128) {
    const byte = number(1);
    length += (byte & 127) * scale;
    if (byte < 128) break;
    if (scale > 2 ** 28) throw new RangeError('no length is so long');
  }
  // The longest copy is of 64 bytes and takes three: whatever says more is not whole, and must not take memory.
  if (length > packed.length * 22) throw new RangeError('it says to be longer than it can be');

  const unpacked = Buffer.alloc(length);
  let end = 0;
  while (at < packed.length) {
    const tag = number(1);
    if ((tag & 3) === 0) {
      const size = (tag >> 2 < 60 ? tag >> 2 : number((tag >> 2) - 59)) + 1;
      if (at + size > packed.length || end + size > length) throw new RangeError('a literal leads out of it');
      packed.copy(unpacked, end, at, at + size);
      at += size;
      end += size;
    } else {
      const near = (tag & 3) === 1;
      const size = near ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
      const back = near ? ((tag >> 5) << 8) + number(1) : number((tag & 3) === 2 ? 2 : 4);
      if (back === 0 || back > end || end + size > length) throw new RangeError('a copy leads out of it');
      // Byte by byte: a copy may reach into what it writes, and then repeats it.
      for (const stop = end + size; end < stop; end++) unpacked[end] = unpacked[end - back] as number;
    }
  }
  if (end < length) throw new RangeError('it is shorter than it says');
  return unpacked;
}
