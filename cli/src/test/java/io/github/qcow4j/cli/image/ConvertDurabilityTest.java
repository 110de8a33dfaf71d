package io.github.qcow4j.cli.image;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.Main;
import io.github.qcow4j.cli.console.Console;
import io.github.qcow4j.cli.console.Personality;
import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.OpenOptions;
import io.github.qcow4j.nativeio.simulator.CrashExplorer;
import io.github.qcow4j.nativeio.simulator.CrashState;
import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a power cut takes of a target that {@code convert} has just finished. */
final class ConvertDurabilityTest {

  private static final Path SOURCE = Path.of("/source.raw");
  private static final Path TARGET = Path.of("/target");

  /** Noted when the command has ended. */
  private static final String ENDED = "ended";

  private final SimulatedVolume volume = SimulatedVolume.create();
  private final byte[] content = new byte[1 << 17];

  @BeforeEach
  void makeSource() throws IOException {
    Arrays.fill(content, (byte) 7);
    write(SOURCE, content);
  }

  @ParameterizedTest
  @CsvSource({"raw, writeback", "raw, none", "raw, directsync", "qcow2, writeback", "qcow2, none"})
  void survivesAPowerCutUnlessTheUserGivesThatUp(String format, String cacheMode) throws Exception {
    convert("-f", "raw", "-O", format, "-t", cacheMode, SOURCE.toString(), TARGET.toString());

    assertThat(statesWithoutTheTarget(format)).isZero();
  }

  @ParameterizedTest
  @ValueSource(strings = {"raw", "qcow2"})
  void survivesAPowerCutWhenNothingIsSaid(String format) throws Exception {
    convert("-f", "raw", "-O", format, SOURCE.toString(), TARGET.toString());

    assertThat(statesWithoutTheTarget(format)).isZero();
  }

  @ParameterizedTest
  @ValueSource(strings = {"raw", "qcow2"})
  void isWrittenWithoutWaitingForTheDiskWhenTheUserSaysUnsafe(String format) throws Exception {
    convert("-f", "raw", "-O", format, "-t", "unsafe", SOURCE.toString(), TARGET.toString());

    assertThat(holdsTheContent(volume, format)).isTrue();
    assertThat(statesWithoutTheTarget(format)).isPositive();
  }

  @Test
  void inPlaceIsNotWaitedForEitherWhenTheUserSaysUnsafe() throws Exception {
    write(TARGET, new byte[content.length]);

    convert("-n", "-f", "raw", "-O", "raw", "-t", "unsafe", SOURCE.toString(), TARGET.toString());

    assertThat(holdsTheContent(volume, "raw")).isTrue();
    assertThat(statesWithoutTheTarget("raw")).isPositive();
  }

  private void write(Path path, byte[] bytes) throws IOException {
    try (BlockFile file = volume.open(path, OpenOptions.creatingNew())) {
      file.write(ByteBuffer.wrap(bytes), 0);
    }
    volume.settle();
  }

  private void convert(String... arguments) {
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    PrintStream output = new PrintStream(said, true, StandardCharsets.UTF_8);
    Console console = new Console(Personality.QEMU_IMG, output, output, Map.of(), () -> volume);
    String[] line = new String[arguments.length + 1];
    line[0] = "convert";
    System.arraycopy(arguments, 0, line, 1, arguments.length);
    int exitCode = Main.run(console, line);
    assertThat(said.toString(StandardCharsets.UTF_8)).isEmpty();
    assertThat(exitCode).isZero();
    volume.mark(ENDED);
  }

  /** Of the states that a power cut may leave once the command has ended. */
  private int statesWithoutTheTarget(String format) {
    AtomicInteger states = new AtomicInteger();
    AtomicInteger without = new AtomicInteger();
    CrashExplorer.of(volume)
        .explore(state -> {
          if (state.marks().contains(ENDED)) {
            states.incrementAndGet();
            without.addAndGet(holds(state, format) ? 0 : 1);
          }
        });
    assertThat(states).hasPositiveValue();
    return without.get();
  }

  private boolean holds(CrashState state, String format) {
    try {
      return holdsTheContent(state.volume(), format);
    } catch (IOException e) {
      // Missing, or cut short, or damaged.
      return false;
    }
  }

  private boolean holdsTheContent(SimulatedVolume where, String format) throws IOException {
    ImageOptions options = ImageOptions.of(ImageFormat.byLabel(format).orElseThrow());
    try (DiskImage image = DiskImages.open(where, TARGET, ReferencePolicy.deny(), options)) {
      ByteBuffer read = ByteBuffer.allocate(content.length);
      if (image.virtualSize() != content.length) {
        return false;
      }
      image.read(0, read);
      return Arrays.equals(read.array(), content);
    }
  }
}
