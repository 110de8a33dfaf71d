package io.github.qcow4j.cli.image;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.Main;
import io.github.qcow4j.cli.console.Console;
import io.github.qcow4j.cli.console.Personality;
import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.testing.QemuTools;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Images go to standard output and to pipes, which qemu-img cannot, and are what it would make. */
final class ConvertStreamTest {

  private final QemuTools qemu = QemuTools.require();

  @TempDir Path directory;

  private Path source;

  @BeforeEach
  void makeSource() {
    source = directory.resolve("source.qcow2");
    qemu.create(source, "", 5 << 20);
    qemu.io(source, "write -P 1 0 1M", "write -P 2 3M 100k", "write -c -P 3 4M 64k");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "-c",
        "-c -o compression_type=zstd,cluster_size=4k",
        "-o extended_l2=on",
        "-S 0 -o compat=v2",
      })
  void aQcow2ImageOnStandardOutputIsCleanAndTheSame(String options) throws Exception {
    Path copy = directory.resolve("copy.qcow2");
    Files.write(copy, output("-", "-O qcow2 " + options));
    qemu.assertCheckClean(copy);
    assertThat(qemu.img("compare", source.toString(), copy.toString()).stdout())
        .isEqualTo("Images are identical.\n");
  }

  @Test
  void aRawDiskOnStandardOutputHasEveryByte() throws Exception {
    Path theirs = directory.resolve("theirs.raw");
    qemu.convertToRaw(source, theirs);
    assertThat(output("/dev/stdout", "-O raw")).isEqualTo(Files.readAllBytes(theirs));
  }

  @Test
  void progressIsShownWhereTheImageIsNot() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    assertThat(run(out, err, "-", "-p -O qcow2")).isZero();
    assertThat(err.toString(StandardCharsets.UTF_8)).endsWith("(100.00/100%)\r\n");
    assertThat(out.toByteArray()).startsWith('Q', 'F', 'I', 0xfb);
  }

  @Test
  void aPipeTakesAQcow2Image() throws Exception {
    Path pipe = directory.resolve("pipe");
    Path mkfifo = QemuTools.requireProgram("mkfifo");
    assertThat(new ProcessBuilder(mkfifo.toString(), pipe.toString()).start().waitFor()).isZero();
    FutureTask<byte[]> received = new FutureTask<>(() -> Files.readAllBytes(pipe));
    Thread.ofVirtual().start(received);
    OurRun run =
        OurRun.asQemuImg("convert", "-c", "-O", "qcow2", source.toString(), pipe.toString());
    assertThat(run.exitCode()).as("%s", run).isZero();
    Path copy = directory.resolve("copy.qcow2");
    Files.write(copy, received.get());
    qemu.assertCheckClean(copy);
    assertThat(qemu.img("compare", source.toString(), copy.toString()).stdout())
        .isEqualTo("Images are identical.\n");
  }

  /** Were it opened to be read as well, the conversion would be a reader, and wait for itself. */
  @ParameterizedTest
  @CsvSource({"raw, -n", "raw, -p", "qcow2, -p"})
  @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  void aPipeWhoseReaderHasGoneEndsTheConversion(String format, String option) throws Exception {
    Path raw = directory.resolve("more-than-a-pipe-holds.raw");
    byte[] data = new byte[1 << 20];
    Arrays.fill(data, (byte) 1);
    Files.write(raw, data);
    Path pipe = directory.resolve("pipe");
    Path mkfifo = QemuTools.requireProgram("mkfifo");
    assertThat(new ProcessBuilder(mkfifo.toString(), pipe.toString()).start().waitFor()).isZero();
    FutureTask<Integer> firstByte =
        new FutureTask<>(() -> {
          try (InputStream reader = Files.newInputStream(pipe)) {
            return reader.read();
          }
        });
    Thread.ofVirtual().start(firstByte);

    OurRun run = OurRun.asQemuImg("convert", option, "-O", format, raw.toString(), pipe.toString());

    assertThat(run.exitCode()).as("%s", run).isEqualTo(1);
    assertThat(run.stderr()).endsWith(": Broken pipe\n").hasLineCount(1);
    assertThat(firstByte.get()).isNotNegative();
  }

  @Test
  void whatAStreamCannotBeIsRefused() {
    assertThat(refusal("-O raw -o preallocation=full"))
        .isEqualTo("qemu-img: A stream cannot be preallocated\n");
    assertThat(refusal("-O qcow2 -o preallocation=metadata"))
        .isEqualTo("qemu-img: A stream cannot be preallocated\n");
    assertThat(refusal("-O qcow2 -o data_file=data"))
        .isEqualTo("qemu-img: A stream cannot have an external data file\n");
  }

  private String refusal(String options) {
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    assertThat(run(new ByteArrayOutputStream(), err, "-", options)).isEqualTo(1);
    return err.toString(StandardCharsets.UTF_8);
  }

  private byte[] output(String target, String options) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    assertThat(run(out, err, target, options)).as("%s", err).isZero();
    return out.toByteArray();
  }

  private int run(
      ByteArrayOutputStream out, ByteArrayOutputStream err, String target, String options) {
    Console console =
        new Console(
            Personality.QEMU_IMG,
            new PrintStream(out, false, StandardCharsets.UTF_8),
            new PrintStream(err, false, StandardCharsets.UTF_8),
            Map.of(),
            Volumes::host);
    List<String> arguments = new ArrayList<>(List.of("convert"));
    for (String word : options.split(" ", -1)) {
      if (!word.isEmpty()) {
        arguments.add(word);
      }
    }
    arguments.add(source.toString());
    arguments.add(target);
    return Main.run(console, arguments.toArray(String[]::new));
  }
}
