package io.github.qcow4j.nativeio;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.File;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ReadOnlyBufferException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where libdeflate is taken from, where it is not, and what its contexts do with buffers. */
final class LibdeflateTest {

  private static final List<String> ALLOWED = List.of("--enable-native-access=ALL-UNNAMED");

  private final Libdeflate library = Libdeflate.host().orElseThrow();

  @Test
  void theOneThatAircompressorCarriesIsTakenAndLeavesNothingBehind(@TempDir Path temporary)
      throws Exception {
    assertThat(report("-Djava.io.tmpdir=" + temporary))
        .isEqualTo("libdeflate (of aircompressor-v3), round trip true\n");
    try (Stream<Path> left = Files.list(temporary)) {
      assertThat(left).isEmpty();
    }
  }

  @Test
  void aFileThatIsNamedIsTakenWithoutATemporaryOne(@TempDir Path directory) throws Exception {
    Path file = directory.resolve("libdeflate.so");
    try (InputStream resource =
        Libdeflate.class.getResourceAsStream(
            "/aircompressor/linux-" + System.getProperty("os.arch") + "/libdeflate.so")) {
      Files.copy(resource, file);
    }

    assertThat(report("-Djava.io.tmpdir=/proc", "-Dqcow4j.deflate=" + file))
        .isEqualTo("libdeflate (" + file + "), round trip true\n");
  }

  @Test
  void theJdkIsTakenWhenItIsAskedFor() throws Exception {
    assertThat(report("-Dqcow4j.deflate=jdk")).isEqualTo("jdk (qcow4j.deflate=jdk)\n");
  }

  @Test
  void theJdkIsTakenWhereTheLibraryCannotBeHadAndTheReasonIsTold(@TempDir Path directory)
      throws Exception {
    Path noLibrary = Files.writeString(directory.resolve("libdeflate.so"), "no library");

    assertThat(report("-Dqcow4j.deflate=" + noLibrary))
        .isEqualTo(
            "jdk (libdeflate does not work here: not a shared library: " + noLibrary + ")\n");
    assertThat(report("-Dqcow4j.deflate=/no/such/libdeflate.so"))
        .isEqualTo("jdk (libdeflate does not work here: no such file: /no/such/libdeflate.so)\n");
    assertThat(report("-Djava.io.tmpdir=/proc"))
        .startsWith("jdk (libdeflate does not work here: /proc/");
    assertThat(report(List.of("--illegal-native-access=deny"), true))
        .startsWith("jdk (libdeflate does not work here: Illegal native access from");
    assertThat(report(ALLOWED, false))
        .isEqualTo(
            "jdk (libdeflate does not work here: aircompressor-v3, an optional library, is not"
                + " there)\n");
  }

  @Test
  void contextsAreCountedUntilTheyAreClosedOnce() {
    long before = Libdeflate.openContexts();
    Libdeflate.Compressor compressor = library.newCompressor(5);
    Libdeflate.Decompressor decompressor = library.newDecompressor();
    assertThat(Libdeflate.openContexts()).isEqualTo(before + 2);

    compressor.close();
    compressor.close();
    decompressor.close();
    decompressor.close();

    assertThat(Libdeflate.openContexts()).isEqualTo(before);
    ByteBuffer buffer = ByteBuffer.allocateDirect(10);
    assertThatThrownBy(() -> compressor.compress(buffer, buffer))
        .isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> decompressor.decompress(buffer, buffer))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void onlyBuffersThatNativeCodeMayUseAreTaken() {
    ByteBuffer direct = ByteBuffer.allocateDirect(100);
    ByteBuffer heap = ByteBuffer.allocate(100);
    try (Libdeflate.Compressor compressor = library.newCompressor(1);
        Libdeflate.Decompressor decompressor = library.newDecompressor()) {
      assertThatThrownBy(() -> compressor.compress(heap, direct))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> compressor.compress(direct, direct.asReadOnlyBuffer()))
          .isInstanceOf(ReadOnlyBufferException.class);
      assertThatThrownBy(() -> decompressor.decompress(direct, heap))
          .isInstanceOf(IllegalArgumentException.class);
      assertThatThrownBy(() -> decompressor.decompress(direct, direct.asReadOnlyBuffer()))
          .isInstanceOf(ReadOnlyBufferException.class);
    }
    assertThatThrownBy(() -> library.newCompressor(0)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> library.newCompressor(13))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void whatDoesNotFitLeavesPositionsAndTheBytesAround() {
    byte[] random = new byte[4096];
    new SplittableRandom(1).nextBytes(random);
    ByteBuffer source = ByteBuffer.allocateDirect(4096).put(random).flip();
    ByteBuffer memory = ByteBuffer.allocateDirect(8192);
    ByteBuffer target = memory.duplicate().position(10).limit(10 + 4095);
    try (Libdeflate.Compressor compressor = library.newCompressor(5)) {
      assertThat(compressor.compress(source, target)).isFalse();
    }
    assertThat(source.position()).isZero();
    assertThat(target.position()).isEqualTo(10);
    for (int i = 10 + 4095; i < 8192; i++) {
      assertThat(memory.get(i)).isZero();
    }
  }

  private static String report(String... options) throws Exception {
    List<String> all = new ArrayList<>(ALLOWED);
    all.addAll(List.of(options));
    return report(all, true);
  }

  private static String report(List<String> options, boolean withAircompressor) throws Exception {
    ProcessBuilder builder = JavaProcess.builder(options, Report.class);
    List<String> command = builder.command();
    int at = command.indexOf("-cp") + 1;
    command.set(
        at,
        Arrays.stream(command.get(at).split(File.pathSeparator, -1))
            .filter(element -> withAircompressor || !element.contains("aircompressor"))
            .collect(Collectors.joining(File.pathSeparator)));
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).isZero();
    return output;
  }

  static final class Report {
    private Report() {}

    public static void main(String[] arguments) {
      DeflateInfo info = Libdeflate.info();
      System.out.print(info.name() + " (" + info.reason() + ")");
      Libdeflate.host()
          .ifPresent(library -> System.out.print(", round trip " + roundTrip(library)));
      System.out.print("\n");
    }

    private static boolean roundTrip(Libdeflate library) {
      ByteBuffer source = ByteBuffer.allocateDirect(65536).put(100, new byte[] {1, 2, 3});
      ByteBuffer stream = ByteBuffer.allocateDirect(65536);
      ByteBuffer back = ByteBuffer.allocateDirect(65536);
      try (Libdeflate.Compressor compressor = library.newCompressor(5);
          Libdeflate.Decompressor decompressor = library.newDecompressor()) {
        return compressor.compress(source, stream)
            && decompressor.decompress(stream.flip(), back)
            && back.flip().equals(source.flip());
      }
    }
  }
}
