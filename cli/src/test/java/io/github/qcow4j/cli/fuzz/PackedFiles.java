package io.github.qcow4j.cli.fuzz;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * Several files in one input, one after the other: what the file is, the length of its name, the
 * name, two bytes of length, the content. It is a form without sums, so that a fuzzer can change a
 * file without breaking the rest.
 */
final class PackedFiles {

  private static final int REGULAR = 0;
  private static final int LINK = 1;
  private static final int DIRECTORY = 2;

  /** A file of which sectors are told: two bytes of number, and the sector. */
  private static final int SPARSE = 3;

  private static final int KINDS = 4;

  private static final int SECTOR = 512;

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

  PackedFiles file(String name, byte[] content) {
    return add(REGULAR, name, content);
  }

  PackedFiles file(String name, String content) {
    return file(name, content.replace('\'', '"').getBytes(UTF_8));
  }

  /** A file of which most is zeros, and which ends with a whole sector. */
  PackedFiles sparse(String name, byte[] content) {
    ByteArrayOutputStream sectors = new ByteArrayOutputStream();
    for (int from = 0; from < content.length; from += SECTOR) {
      byte[] sector = Arrays.copyOfRange(content, from, from + SECTOR);
      boolean last = from + SECTOR >= content.length;
      if (last || !Arrays.equals(sector, new byte[SECTOR])) {
        int number = from / SECTOR;
        sectors.write(number >> 8);
        sectors.write(number);
        sectors.writeBytes(sector);
      }
    }
    return add(SPARSE, name, sectors.toByteArray());
  }

  private PackedFiles add(int kind, String name, byte[] content) {
    if (content.length >= 1 << 16) {
      throw new IllegalArgumentException(name + " is too long: " + content.length);
    }
    byte[] encoded = name.getBytes(UTF_8);
    bytes.write(kind);
    bytes.write(encoded.length);
    bytes.writeBytes(encoded);
    bytes.write(content.length >> 8);
    bytes.write(content.length);
    bytes.writeBytes(content);
    return this;
  }

  byte[] toBytes() {
    return bytes.toByteArray();
  }

  /** Whether an input that may as well be a text is files. */
  static boolean areIn(byte[] input) {
    return input.length > 0 && input[0] >= 0 && input[0] < KINDS;
  }

  /** Makes a directory of the files. */
  static void unpack(SimulatedVolume volume, Path directory, byte[] input) throws IOException {
    volume.createDirectory(directory);
    ByteBuffer rest = ByteBuffer.wrap(input);
    while (rest.remaining() >= 4) {
      unpackOne(volume, directory, rest);
    }
  }

  private static void unpackOne(SimulatedVolume volume, Path directory, ByteBuffer rest) {
    int kind = Byte.toUnsignedInt(rest.get()) % KINDS;
    String name = new String(next(rest, Byte.toUnsignedInt(rest.get())), UTF_8);
    int length = rest.remaining() < 2 ? 0 : Short.toUnsignedInt(rest.getShort());
    byte[] content = next(rest, length);
    try {
      Path path = directory.resolve(name);
      switch (kind) {
        case LINK -> volume.makeSymbolicLink(path, Path.of(new String(content, UTF_8)));
        case DIRECTORY -> volume.createDirectory(path);
        case SPARSE -> writeSectors(volume, path, ByteBuffer.wrap(content));
        default -> FuzzTarget.write(volume, path, content);
      }
    } catch (InvalidPathException | IOException e) {
      // A name that nothing can have.
    }
  }

  private static void writeSectors(SimulatedVolume volume, Path path, ByteBuffer content)
      throws IOException {
    try (BlockFile file = volume.open(path, OpenOptions.creatingNew())) {
      while (content.remaining() > 2) {
        long position = Short.toUnsignedLong(content.getShort()) * SECTOR;
        file.write(ByteBuffer.wrap(next(content, SECTOR)), position);
      }
    }
  }

  private static byte[] next(ByteBuffer rest, int length) {
    byte[] next = new byte[Math.min(length, rest.remaining())];
    rest.get(next);
    return next;
  }
}
