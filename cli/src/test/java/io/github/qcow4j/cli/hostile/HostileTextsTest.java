package io.github.qcow4j.cli.hostile;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.console.Personality;
import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.nativeio.MemoryFolder;
import io.github.qcow4j.qcow2.testing.HeaderExtensions;
import io.github.qcow4j.qcow2.testing.HeaderField;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Whatever text of an image a command tells, it neither begins a line of its own nor draws on the
 * terminal: on standard error not at all, on standard output where people read it.
 */
final class HostileTextsTest {

  private static final String TEXT = "raw\nqemu-img: fine\r\u001b[2J\u0085";

  /** What a name leads to elsewhere is not opened. */
  private static final Map<String, String> BESIDE = Map.of("QCOW4J_REFERENCES", "same-dir");

  @TempDir(factory = MemoryFolder.class)
  Path directory;

  @ParameterizedTest
  @EnumSource
  void aTextNeitherBeginsALineNorDrawsOnTheTerminal(Personality personality) throws IOException {
    Gauntlet gauntlet = new Gauntlet(directory);
    for (HostileCase hostile : cases()) {
      for (CommandLine command : CommandLine.ALL) {
        if (personality == Personality.QEMU_IMG && command.personality() != personality) {
          continue;
        }
        CommandLine called =
            new CommandLine(
                command.words(), personality, command.writing(), command.largestExitCode());
        OurRun run = gauntlet.meet(hostile, called, BESIDE).run();
        boolean forPeople = !command.words().endsWith(" -");
        if (draws(run.stderr()) || (forPeople && draws(run.stdout()))) {
          gauntlet.complain(hostile, "drew on the terminal: " + run);
        }
      }
    }
    assertThat(gauntlet.misdeeds()).isEmpty();
  }

  private static boolean draws(String said) {
    return said.chars().anyMatch(c -> Character.isISOControl(c) && c != '\n');
  }

  private static List<HostileCase> cases() {
    byte[] text = TEXT.getBytes(UTF_8);
    return List.of(
        new HostileCase(
            "backing file",
            Ground.ZLIB,
            surgeon ->
                surgeon
                    .extensions()
                    .append(HeaderExtensions.BACKING_FORMAT, "raw".getBytes(UTF_8))
                    .setBackingName(TEXT)),
        new HostileCase(
            "backing format",
            Ground.ZLIB,
            surgeon ->
                surgeon
                    .extensions()
                    .append(HeaderExtensions.BACKING_FORMAT, Arrays.copyOf(text, 15))
                    .setBackingName("sound.raw")),
        HostileCase.withDataFile("data file", text),
        new HostileCase(
            "feature",
            Ground.ZLIB,
            surgeon -> {
              byte[] name = Arrays.copyOf(new byte[] {0, 60}, 48);
              System.arraycopy(text, 0, name, 2, text.length);
              surgeon.setFeatureBit(HeaderField.INCOMPATIBLE_FEATURES, 60);
              surgeon.extensions().remove(HeaderExtensions.FEATURE_NAMES);
              surgeon.extensions().append(HeaderExtensions.FEATURE_NAMES, name).rewrite();
            }),
        inSnapshot("name of a snapshot", 1, "\n\u001b[2J"),
        inSnapshot("identifier of a snapshot", 0, "\n"),
        bitmap("bitmap", 0),
        bitmap("bitmap in use", 1));
  }

  private static HostileCase inSnapshot(String which, int afterIdBytes, String text) {
    return new HostileCase(
        which,
        Ground.FULL,
        surgeon -> {
          long entry = surgeon.get(HeaderField.SNAPSHOTS_OFFSET);
          long texts = entry + 40 + surgeon.number(entry + 36, 4);
          surgeon.write(texts + afterIdBytes, text.getBytes(UTF_8));
        });
  }

  private static HostileCase bitmap(String which, int flags) {
    return new HostileCase(
        which,
        Ground.FULL,
        surgeon -> {
          long extension = surgeon.extensions().contentOffset(HeaderExtensions.BITMAPS);
          long entry = surgeon.number(extension + 16);
          surgeon.setNumber(entry + 12, 4, flags);
          surgeon.write(entry + 24, "\n\u001b".getBytes(UTF_8));
        });
  }
}
