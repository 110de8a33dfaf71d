package io.github.qcow4j.nativeio;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class VolumesTest {

  @Test
  void theBestProviderIsFirst() {
    assertThat(Volumes.providers())
        .extracting(volume -> volume.provider().name())
        .containsExactly("panama", "jnr", "portable");
    assertThat(Volumes.choose(null).provider().name()).isEqualTo("panama");
    assertThat(Volumes.host()).isSameAs(Volumes.host());
  }

  @Test
  void everyProviderIsTriedForAReport() {
    assertThat(Volumes.trials())
        .containsExactly(
            new ProviderTrial("panama", null),
            new ProviderTrial("jnr", null),
            new ProviderTrial("portable", null));
  }

  @Test
  void theChosenProviderIsTaken() {
    assertThat(Volumes.choose("portable").provider().name()).isEqualTo("portable");
    assertThat(Volumes.choose("jnr").provider().name()).isEqualTo("jnr");
    assertThat(Volumes.choose("panama").provider().reason()).isEqualTo("qcow4j.nativeio=panama");
  }

  @Test
  void anUnknownProviderIsAnErrorThatNamesTheKnownOnes() {
    assertThatThrownBy(() -> Volumes.choose("posix"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("qcow4j.nativeio=posix: no such provider; there are panama, jnr, portable");
  }

  @Test
  void whereNativeAccessIsDeniedThePortableProviderSaysWhy() throws Exception {
    String output = run(List.of("--illegal-native-access=deny"), Report.class);

    assertThat(output)
        .startsWith("portable: panama does not work here: Illegal native access from")
        .contains("; jnr does not work here: java.lang.IllegalCallerException: Illegal native ")
        .hasLineCount(1);
  }

  @Test
  void aProviderThatIsAskedForButDoesNotWorkIsAnError() throws Exception {
    String output =
        run(List.of("--illegal-native-access=deny", "-Dqcow4j.nativeio=panama"), Report.class);

    assertThat(output)
        .startsWith("IllegalArgumentException: qcow4j.nativeio=panama: does not work here: ");
  }

  @Test
  void namesThatTheLocaleCannotShowAreOpenedByTheirBytes(@TempDir Path directory) throws Exception {
    Files.writeString(directory.resolve("ü.img"), "content");

    for (String provider : List.of("panama", "jnr", "portable")) {
      String output =
          runInPosixLocale(
              List.of("--enable-native-access=ALL-UNNAMED", "-Dqcow4j.nativeio=" + provider),
              Names.class,
              directory.toString());
      assertThat(output).isEqualTo("1 content\n");
    }
  }

  private static String run(List<String> options, Class<?> main, String... arguments)
      throws IOException, InterruptedException {
    return output(JavaProcess.builder(options, main, arguments));
  }

  private static String runInPosixLocale(List<String> options, Class<?> main, String... arguments)
      throws IOException, InterruptedException {
    ProcessBuilder builder = JavaProcess.builder(options, main, arguments);
    builder.environment().put("LC_ALL", "C");
    return output(builder);
  }

  private static String output(ProcessBuilder builder) throws IOException, InterruptedException {
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).isZero();
    return output;
  }

  static final class Report {
    private Report() {}

    public static void main(String[] arguments) {
      try {
        ProviderInfo provider = Volumes.host().provider();
        System.out.println(provider.name() + ": " + provider.reason());
      } catch (IllegalArgumentException e) {
        System.out.println("IllegalArgumentException: " + e.getMessage());
      }
    }
  }

  static final class Names {
    private Names() {}

    public static void main(String[] arguments) throws IOException {
      Path directory = Path.of(arguments[0]);
      System.out.print(Volumes.host().list(directory).size());
      try (var paths = Files.newDirectoryStream(directory)) {
        for (Path path : paths) {
          try (BlockFile file = Volumes.host().open(path, OpenOptions.reading())) {
            System.out.println(" " + new String(Bytes.read(file, 0, 100), UTF_8));
          }
        }
      }
    }
  }
}
