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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Whatever text of an image a command tells, it neither begins a line of its own nor draws on the
 * terminal: on standard error not at all, on standard output where people read it.
 */
final class HostileTextsTest {

  /** Control and format characters, ends of lines and paragraphs, but the end of a line of ours. */
  private static final Pattern DRAWING = Pattern.compile("[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}&&[^\n]]");

  /** Control characters, and what is done to the names that have room for a few bytes. */
  private static final Texts CONTROLS =
      new Texts("raw\nqemu-img: fine\r\u001b[2J\u0085", "\n\u001b[2J", "\n\u001b");

  /**
   * Characters that turn the text around, are not seen or end a line, one of them a pair of
   * surrogates; the first 15 bytes are whole characters.
   */
  private static final Texts FORMATS =
      new Texts(
          "raw\u202e\u2066\u200b\u2028gmi\u2029\ufeff\u200f\udb40\udc41", "\u202e\u061c", "\u061c");

  /**
   * What stands in the images.
   *
   * @param text where there is room: up to 46 bytes
   * @param ofFive of five bytes
   * @param ofTwo of two bytes
   */
  private record Texts(String text, String ofFive, String ofTwo) {}

  /** What a name leads to elsewhere is not opened. */
  private static final Map<String, String> BESIDE = Map.of("QCOW4J_REFERENCES", "same-dir");

  @TempDir(factory = MemoryFolder.class)
  Path directory;

  @ParameterizedTest
  @EnumSource
  void aTextNeitherBeginsALineNorDrawsOnTheTerminal(Personality personality) throws IOException {
    Gauntlet gauntlet = new Gauntlet(directory);
    List<HostileCase> cases = new ArrayList<>(cases("controls", CONTROLS));
    cases.addAll(cases("formats", FORMATS));
    // There is room for one byte.
    cases.add(inSnapshot("identifier of a snapshot", 0, "\n"));
    for (HostileCase hostile : cases) {
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
    return DRAWING.matcher(said).find();
  }

  private static List<HostileCase> cases(String kind, Texts texts) {
    byte[] text = texts.text.getBytes(UTF_8);
    return List.of(
        new HostileCase(
            "backing file with " + kind,
            Ground.ZLIB,
            surgeon ->
                surgeon
                    .extensions()
                    .append(HeaderExtensions.BACKING_FORMAT, "raw".getBytes(UTF_8))
                    .setBackingName(texts.text)),
        new HostileCase(
            "backing format with " + kind,
            Ground.ZLIB,
            surgeon ->
                surgeon
                    .extensions()
                    .append(HeaderExtensions.BACKING_FORMAT, Arrays.copyOf(text, 15))
                    .setBackingName("sound.raw")),
        HostileCase.withDataFile("data file with " + kind, text),
        new HostileCase(
            "feature with " + kind,
            Ground.ZLIB,
            surgeon -> {
              byte[] name = Arrays.copyOf(new byte[] {0, 60}, 48);
              System.arraycopy(text, 0, name, 2, text.length);
              surgeon.setFeatureBit(HeaderField.INCOMPATIBLE_FEATURES, 60);
              surgeon.extensions().remove(HeaderExtensions.FEATURE_NAMES);
              surgeon.extensions().append(HeaderExtensions.FEATURE_NAMES, name).rewrite();
            }),
        inSnapshot("name of a snapshot with " + kind, 1, texts.ofFive),
        bitmap("bitmap with " + kind, 0, texts.ofTwo),
        bitmap("bitmap in use with " + kind, 1, texts.ofTwo));
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

  private static HostileCase bitmap(String which, int flags, String name) {
    return new HostileCase(
        which,
        Ground.FULL,
        surgeon -> {
          long extension = surgeon.extensions().contentOffset(HeaderExtensions.BITMAPS);
          long entry = surgeon.number(extension + 16);
          surgeon.setNumber(entry + 12, 4, flags);
          surgeon.write(entry + 24, name.getBytes(UTF_8));
        });
  }
}
