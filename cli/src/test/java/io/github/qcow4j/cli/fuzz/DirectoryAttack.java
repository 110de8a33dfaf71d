package io.github.qcow4j.cli.fuzz;

import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.snapshot.directory.DirectoryIntake;
import io.github.qcow4j.snapshot.directory.DirectoryPolicy;
import io.github.qcow4j.snapshot.intake.Staging;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/**
 * A directory that is said to be a box's snapshot. The input is its files, one after the other:
 * what the file is, the length of its name, the name, two bytes of length, the content. It is a
 * form without sums, so that a fuzzer can change a file without breaking the rest.
 */
final class DirectoryAttack {

  static final int REGULAR = 0;
  private static final int LINK = 1;
  private static final int DIRECTORY = 2;
  private static final int KINDS = 3;

  private static final Path SOURCE = Path.of("/source");
  private static final Path STAGING = Path.of("/staging");

  private DirectoryAttack() {}

  /** Files of a directory put into an input. */
  static final class Draft {

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    Draft file(String name, byte[] content) {
      byte[] encoded = name.getBytes(StandardCharsets.UTF_8);
      bytes.write(REGULAR);
      bytes.write(encoded.length);
      bytes.writeBytes(encoded);
      bytes.write(content.length >> 8);
      bytes.write(content.length);
      bytes.writeBytes(content);
      return this;
    }

    Draft file(String name, String content) {
      return file(name, content.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
    }

    byte[] toBytes() {
      return bytes.toByteArray();
    }
  }

  static void stage(SimulatedVolume volume, byte[] input) throws IOException {
    volume.createDirectory(SOURCE);
    volume.createDirectory(STAGING);
    ByteBuffer rest = ByteBuffer.wrap(input);
    while (rest.remaining() >= 4) {
      make(volume, rest);
    }
    try {
      Object _ =
          DirectoryIntake.stage(
              volume,
              SOURCE,
              new Staging(volume, STAGING),
              new DirectoryPolicy(ReferencePolicy.sameDirectory(), 1 << 20),
              new JobControl());
    } catch (IOException e) {
      if (!volume.list(STAGING).isEmpty()) {
        throw new AssertionError("left behind: " + volume.list(STAGING), e);
      }
      throw e;
    }
  }

  private static void make(SimulatedVolume volume, ByteBuffer rest) {
    int kind = Byte.toUnsignedInt(rest.get()) % KINDS;
    String name = new String(next(rest, Byte.toUnsignedInt(rest.get())), StandardCharsets.UTF_8);
    int length = rest.remaining() < 2 ? 0 : Short.toUnsignedInt(rest.getShort());
    byte[] content = next(rest, length);
    try {
      Path path = SOURCE.resolve(name);
      switch (kind) {
        case LINK ->
            volume.makeSymbolicLink(path, Path.of(new String(content, StandardCharsets.UTF_8)));
        case DIRECTORY -> volume.createDirectory(path);
        default -> FuzzTarget.write(volume, path, content);
      }
    } catch (InvalidPathException | IOException e) {
      // A name that nothing can have.
    }
  }

  private static byte[] next(ByteBuffer rest, int length) {
    byte[] bytes = new byte[Math.min(length, rest.remaining())];
    rest.get(bytes);
    return bytes;
  }
}
