package io.github.qcow4j.cli.image;

import io.github.qcow4j.cli.console.Console;
import io.github.qcow4j.nativeio.FileKind;
import io.github.qcow4j.qcow2.convert.ConvertResult;
import io.github.qcow4j.qcow2.convert.Qcow2Targets;
import io.github.qcow4j.qcow2.convert.StreamConversion;
import io.github.qcow4j.qcow2.convert.StreamFile;
import io.github.qcow4j.qcow2.create.ImageSpec;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Set;

/**
 * Targets that are written from front to back: standard output, and files that are no regular ones.
 */
final class StreamDestinations {

  private static final Set<String> STANDARD_OUTPUT =
      Set.of("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1");

  private final Console console;

  StreamDestinations(Console console) {
    this.console = console;
  }

  /** Whether a name means standard output. */
  static boolean isStandardOutput(String name) {
    return STANDARD_OUTPUT.contains(name);
  }

  /** A raw disk on standard output. */
  Destination rawOutput() {
    Console.Binary output = console.binary();
    return new Destination(
        (sources, options, control, listener) -> {
          ConvertResult result =
              StreamConversion.toRaw(sources, output.channel(), options, control, listener);
          syncFile(output);
          return result;
        },
        () -> {},
        true);
  }

  /** A qcow2 image on standard output. */
  Destination qcow2Output(ImageSpec spec, Qcow2Targets.Storage storage) {
    Console.Binary output = console.binary();
    return new Destination(
        (sources, options, control, listener) -> {
          ConvertResult result =
              StreamConversion.toQcow2(
                  sources, spec, storage, output.channel(), options, control, listener);
          syncFile(output);
          return result;
        },
        () -> {},
        true);
  }

  /** A qcow2 image in a file that is no regular one. */
  Destination qcow2File(Path path, ImageSpec spec, Qcow2Targets.Storage storage)
      throws IOException {
    StreamFile file = StreamFile.open(console.volume(), path);
    return new Destination(
        (sources, options, control, listener) ->
            StreamConversion.toQcow2(sources, spec, storage, file, options, control, listener),
        file,
        false);
  }

  /** A pipe has nothing to make durable, and refuses to be asked. */
  private void syncFile(Console.Binary output) throws IOException {
    try {
      if (console.volume().status(Path.of("/dev/stdout")).kind() == FileKind.REGULAR) {
        output.sync();
      }
    } catch (NoSuchFileException e) {
      // A host without that name; the bytes are on their way all the same.
    }
  }
}
