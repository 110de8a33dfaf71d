package io.github.qcow4j.cli.box;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.Main;
import io.github.qcow4j.cli.console.Console;
import io.github.qcow4j.cli.console.Personality;
import io.github.qcow4j.nativeio.Volumes;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Archives on a standard output that takes no more: what could not be written to is told. */
final class BoxStreamTest {

  @TempDir private Path directory;

  /** A standard output that fails as the kernel does. */
  private record Failing(String reason) implements Console.Binary, WritableByteChannel {

    @Override
    public WritableByteChannel channel() {
      return this;
    }

    @Override
    public int write(ByteBuffer bytes) throws IOException {
      throw new IOException(reason);
    }

    @Override
    public void sync() throws IOException {
      throw new IOException(reason);
    }

    @Override
    public boolean isOpen() {
      return true;
    }

    @Override
    public void close() {}
  }

  private String failure(String reason, String... arguments) {
    return failure(OutputStream.nullOutputStream(), reason, arguments);
  }

  private String failure(OutputStream out, String reason, String... arguments) {
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Console console =
        new Console(
                Personality.QCOW4J,
                new PrintStream(out, false, StandardCharsets.UTF_8),
                new PrintStream(err, false, StandardCharsets.UTF_8),
                Map.of("QCOW4J_HOME", directory.resolve("home").toString()),
                Volumes::host)
            .withBinary(new Failing(reason));
    assertThat(Main.run(console, arguments)).isEqualTo(1);
    return err.toString(StandardCharsets.UTF_8);
  }

  @ParameterizedTest
  @ValueSource(strings = {"No space left on device", "Broken pipe"})
  void anArchiveThatCannotBeWrittenSaysWhereItWasToGo(String reason) {
    BoxRun box = new BoxRun(directory.resolve("home"));
    box.ok("create", "web", "--size", "1M");
    String told = "Could not write to standard output: " + reason + "\n";
    assertThat(failure(reason, "box", "export", "web", "-o", "-")).isEqualTo("qcow4j: " + told);
    box.ok("rm", "web");
  }

  private static OutputStream full() {
    return new OutputStream() {
      @Override
      public void write(int b) throws IOException {
        throw new IOException("No space left on device");
      }
    };
  }

  /** Defect: it was told that all was done, of which there was nothing but the answer. */
  @Test
  void whatIsOnlyLookedUpIsNotDoneWithoutTheAnswer() {
    BoxRun box = new BoxRun(directory.resolve("home"));
    box.ok("create", "web", "--size", "1M");
    for (String command : List.of("list", "check")) {
      assertThat(failure(full(), "", "box", command))
          .isEqualTo("qcow4j: Could not write to standard output\n");
    }
  }

  @Test
  void anAnswerThatCannotBeWrittenIsOneToWhatIsDone() {
    assertThat(failure(full(), "", "box", "create", "web", "--size", "1M"))
        .isEqualTo("qcow4j: Could not write to standard output; all but the answer is done\n");
    assertThat(new BoxRun(directory.resolve("home")).ok("list")).contains("web");
  }

  /** Defect: nothing said so, and who tried again made the disk larger once more. */
  @Test
  void soIsOneToAnImageThatIsChanged() {
    String image = directory.resolve("i.qcow2").toString();
    String raw = directory.resolve("i.raw").toString();
    for (List<String> command :
        List.of(
            List.of("create", "-f", "qcow2", image, "1M"),
            List.of("resize", image, "+1M"),
            List.of("convert", "-p", "-O", "raw", image, raw),
            List.of("amend", "-p", "-o", "lazy_refcounts=on", image))) {
      assertThat(failure(full(), "", command.toArray(String[]::new)))
          .isEqualTo("qcow4j: Could not write to standard output; all but the answer is done\n");
    }
    assertThat(failure(full(), "", "info", image))
        .isEqualTo("qcow4j: Could not write to standard output\n");
  }

  @Test
  void soDoesAnImage() {
    BoxRun box = new BoxRun(directory.resolve("home"));
    box.ok("create", "web", "--size", "1M");
    String disk = box.ok("path", "web").strip();
    assertThat(failure("Broken pipe", "convert", "-O", "raw", disk, "-"))
        .contains("standard output: Broken pipe");
  }
}
