package io.github.qcow4j.nativeio.portable;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.qcow4j.nativeio.AtomicFile;
import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.JavaProcess;
import io.github.qcow4j.nativeio.LoopFileSystem;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.SystemCallException;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The C library says its errors in the language of the process, and {@code java.nio} hands on
 * nothing else: they are told apart all the same. Runs in a process whose language is German;
 * skipped where that is not installed, or with {@code CI=true} failed.
 */
final class OtherLanguageTest {

  private static final List<String> ENGLISH =
      List.of(
          "ENOSPC 28 No space left on device",
          "EIO 5 Input/output error",
          "ENOTDIR 20 Not a directory",
          "EISDIR 21 Is a directory",
          "ENAMETOOLONG 36 File name too long",
          "EPERM 1 Operation not permitted",
          "EROFS 30 Read-only file system",
          "EROFS 30 Read-only file system",
          "sync of a directory");

  @TempDir private Path directory;

  @Test
  void errorsAreToldApartWhateverTheLanguage() throws Exception {
    try (LoopFileSystem readOnly = LoopFileSystem.mount(LoopFileSystem.Kind.TMPFS, 16L << 20)) {
      Path there = readOnly.newDirectory();
      Files.createFile(there.resolve("file"));
      readOnly.remount(false);

      List<String> german = said("de", there);
      requireGerman(!german.getFirst().equals("No space left on device"));
      assertThat(german.subList(1, german.size())).isEqualTo(ENGLISH);
      List<String> plain = said("C", there);
      assertThat(plain.getFirst()).isEqualTo("No space left on device");
      assertThat(plain.subList(1, plain.size())).isEqualTo(ENGLISH);
    }
  }

  private static void requireGerman(boolean there) {
    String missing = "the C library speaks no German here";
    if ("true".equals(System.getenv("CI"))) {
      assertThat(there).as(missing).isTrue();
    }
    assumeTrue(there, missing);
  }

  private List<String> said(String language, Path readOnly) throws Exception {
    ProcessBuilder builder =
        JavaProcess.builder(
            List.of("-Dstdout.encoding=UTF-8"),
            Failing.class,
            directory.toString(),
            readOnly.toString());
    builder.environment().put("LC_ALL", "C.UTF-8");
    builder.environment().put("LANGUAGE", language);
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return output.lines().toList();
  }

  /** What runs in the other process: says each failure by its number and in our words. */
  static final class Failing {

    private Failing() {}

    private interface Call {
      void run() throws IOException;
    }

    public static void main(String[] arguments) throws IOException {
      Volume volume =
          Volumes.providers().stream()
              .filter(each -> each.provider().name().equals("portable"))
              .findAny()
              .orElseThrow();
      Path directory = Path.of(arguments[0]);
      Path readOnly = Path.of(arguments[1]);
      try (BlockFile full = volume.open(Path.of("/dev/full"), OpenOptions.writing())) {
        try {
          full.write(ByteBuffer.allocate(1), 0);
        } catch (SystemCallException e) {
          System.out.println(e.getCause().getMessage());
        }
        say("ENOSPC", () -> full.write(ByteBuffer.allocate(1), 0));
      }
      try (BlockFile memory = volume.open(Path.of("/proc/self/mem"), OpenOptions.reading())) {
        say("EIO", () -> memory.read(ByteBuffer.allocate(1), 0));
      }
      say("ENOTDIR", () -> volume.createDirectory(Path.of("/dev/null/x")));
      say("EISDIR", () -> volume.open(Path.of("/"), OpenOptions.writing()));
      say("ENAMETOOLONG", () -> volume.createDirectory(directory.resolve("x".repeat(300))));
      say("EPERM", () -> volume.setPermissions(Path.of("/proc/self/stat"), 0444));
      say("EROFS", () -> AtomicFile.create(volume, readOnly.resolve("new")).close());
      say("EROFS", () -> volume.open(readOnly.resolve("file"), OpenOptions.writing()).close());
      volume.syncDirectory(directory);
      System.out.println("sync of a directory");
    }

    private static void say(String expected, Call call) throws IOException {
      try {
        call.run();
        System.out.println(expected + " did not happen");
      } catch (SystemCallException e) {
        System.out.println(expected + " " + e.errno() + " " + e.getReason());
      }
    }
  }
}
