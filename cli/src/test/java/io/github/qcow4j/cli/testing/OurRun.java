package io.github.qcow4j.cli.testing;

import io.github.qcow4j.cli.Main;
import io.github.qcow4j.cli.console.Console;
import io.github.qcow4j.cli.console.Personality;
import io.github.qcow4j.nativeio.Volume;
import io.github.qcow4j.nativeio.Volumes;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * What one call of the program said, run inside this JVM.
 *
 * @param arguments what it was called with
 * @param exitCode what it ended with
 * @param stdout its standard output
 * @param stderr its standard error
 */
public record OurRun(List<String> arguments, int exitCode, String stdout, String stderr) {

  /** A call as {@code qemu-img}, in an empty environment. */
  public static OurRun asQemuImg(String... arguments) {
    return of(Personality.QEMU_IMG, Map.of(), Arrays.asList(arguments));
  }

  /** A call as {@code qemu-img}, in an empty environment. */
  public static OurRun asQemuImg(List<String> arguments) {
    return of(Personality.QEMU_IMG, Map.of(), arguments);
  }

  /** A call as {@code qcow4j}, in an empty environment. */
  public static OurRun asQcow4j(String... arguments) {
    return of(Personality.QCOW4J, Map.of(), Arrays.asList(arguments));
  }

  /** A call with everything but the host's files given. */
  public static OurRun of(
      Personality personality, Map<String, String> environment, List<String> arguments) {
    return of(personality, environment, Volumes::host, arguments);
  }

  /** A call with everything given. */
  public static OurRun of(
      Personality personality,
      Map<String, String> environment,
      Supplier<Volume> volume,
      List<String> arguments) {
    return prepared(personality, environment, volume, console -> {}, arguments);
  }

  /**
   * A call with everything given.
   *
   * @param preparation done to its console before it begins
   */
  public static OurRun prepared(
      Personality personality,
      Map<String, String> environment,
      Supplier<Volume> volume,
      Consumer<Console> preparation,
      List<String> arguments) {
    Kept out = new Kept();
    Kept err = new Kept();
    Console console =
        new Console(
            personality,
            new PrintStream(out, false, StandardCharsets.UTF_8),
            new PrintStream(err, false, StandardCharsets.UTF_8),
            environment,
            volume);
    preparation.accept(console);
    int exitCode = Main.run(console, arguments.toArray(String[]::new));
    return new OurRun(
        List.copyOf(arguments),
        exitCode,
        out.toString(StandardCharsets.UTF_8),
        err.toString(StandardCharsets.UTF_8));
  }

  /**
   * What was said, up to more than any test looks at: an image can make a command talk for ever.
   */
  private static final class Kept extends ByteArrayOutputStream {

    private static final int MOST_BYTES = 1 << 25;

    @Override
    public synchronized void write(int b) {
      if (count < MOST_BYTES) {
        super.write(b);
      }
    }

    @Override
    public synchronized void write(byte[] bytes, int offset, int length) {
      super.write(bytes, offset, Math.min(length, Math.max(0, MOST_BYTES - count)));
    }
  }

  @Override
  public String toString() {
    return arguments + "\nexit " + exitCode + "\nstdout: " + stdout + "\nstderr: " + stderr;
  }
}
