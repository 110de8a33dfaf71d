package io.github.qcow4j.qcow2.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.Consumer;

/**
 * A directory with tools, in which one image is put together.
 *
 * @param directory where every file goes
 * @param qemu the tools, run in that directory
 */
public record Workbench(Path directory, QemuTools qemu) {

  /** A bench in {@code directory}. Skips the calling test where the tools are missing. */
  public static Workbench in(Path directory) {
    return new Workbench(directory.toAbsolutePath(), QemuTools.require().in(directory));
  }

  public Path path(String name) {
    return directory.resolve(name);
  }

  /** A new qcow2 image with the qemu-io commands done to it. */
  public Path image(String name, String options, long virtualSizeBytes, String... commands) {
    Path image = path(name);
    qemu.create(image, options, virtualSizeBytes);
    return write(image, commands);
  }

  /** A new qcow2 overlay over a qcow2 file beside it, with the qemu-io commands done to it. */
  public Path overlay(String name, String options, String backingName, String... commands) {
    Path image = path(name);
    qemu.createOverlay(image, options, backingName, "qcow2");
    return write(image, commands);
  }

  /** A new qcow2 image that names a backing file which is not looked at. */
  public Path unsafeOverlay(
      String name, String backingName, String backingFormat, long virtualSizeBytes) {
    Path image = path(name);
    qemu.img(
            "create",
            "-q",
            "-f",
            "qcow2",
            "-u",
            "-b",
            backingName,
            "-F",
            backingFormat,
            image.toString(),
            Long.toString(virtualSizeBytes))
        .orFail();
    return image;
  }

  public Path write(Path image, String... commands) {
    if (commands.length > 0) {
      qemu.io(image, commands);
    }
    return image;
  }

  public Path snapshot(Path image, String name) {
    qemu.img("snapshot", "-c", name, image.toString()).orFail();
    return image;
  }

  public Path operate(Path image, Consumer<ImageSurgeon> edits) {
    return ImageSurgeon.operate(image, edits);
  }

  /** A file with the bytes given. */
  public Path file(String name, byte[] content) {
    try {
      Files.createDirectories(path(name).getParent());
      return Files.write(path(name), content);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public Path copy(Path source, String name) {
    try {
      return Files.copy(source, path(name), StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Rewrites a file with a hole in place of the bytes from {@code hostOffset} on; on file systems
   * that have holes.
   */
  public Path withHole(Path file, long hostOffset, long lengthBytes) {
    try {
      byte[] content = Files.readAllBytes(file);
      Files.delete(file);
      Files.createFile(file);
      try (HostBytes bytes = new HostBytes(file)) {
        int holeEnd = Math.toIntExact(hostOffset + lengthBytes);
        bytes.write(0, Arrays.copyOf(content, Math.toIntExact(hostOffset)));
        bytes.write(holeEnd, Arrays.copyOfRange(content, holeEnd, content.length));
      }
      return file;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Incompressible bytes, the same for the same arguments. */
  public static byte[] randomBytes(int lengthBytes, long seed) {
    byte[] bytes = new byte[lengthBytes];
    new SplittableRandom(seed).nextBytes(bytes);
    return bytes;
  }

  /** Bytes that shrink to about half: random and constant sectors in turn, or so. */
  public static byte[] halfRandomBytes(int lengthBytes, long seed) {
    byte[] bytes = randomBytes(lengthBytes, seed);
    for (int i = 0; i < lengthBytes; i++) {
      if (i / 64 % 2 == 0) {
        bytes[i] = (byte) (i / 640);
      }
    }
    return bytes;
  }
}
