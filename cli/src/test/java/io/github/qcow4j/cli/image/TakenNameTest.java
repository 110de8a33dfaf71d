package io.github.qcow4j.cli.image;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.console.Personality;
import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.TappedVolume;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/**
 * Commands that make a file, of which another program takes the name while they are at it: they
 * fail in one line, and what the other has put there stays.
 */
final class TakenNameTest {

  private static final byte[] OTHERS = "another's".getBytes(StandardCharsets.UTF_8);

  static final List<String> COMMANDS =
      List.of(
          "create -q -f raw TARGET 1M",
          "create -q -f qcow2 TARGET 1M",
          "convert -f raw -O raw SOURCE TARGET",
          "convert -f raw -O qcow2 SOURCE TARGET",
          "convert -f raw -O qcow2 -c SOURCE TARGET",
          "convert -t unsafe -f raw -O raw SOURCE TARGET",
          "convert -f raw -O qcow2 -o data_file=DATA,data_file_raw=on SOURCE TARGET",
          "dd -f raw -O raw if=SOURCE of=TARGET",
          "dd -f raw -O qcow2 if=SOURCE of=TARGET");

  @TempDir private Path directory;
  private Path target;

  @BeforeEach
  void prepare() throws IOException {
    target = Files.createDirectory(directory.resolve("targets")).resolve("disk");
    Files.write(directory.resolve("source"), new byte[1 << 20]);
  }

  private OurRun run(String command, Action meanwhile) {
    boolean[] done = {false};
    TappedVolume tapped =
        new TappedVolume(
            Volumes.host(),
            call -> {
              // The first that is done to the new file.
              if ((call.is("truncate") || call.is("write")) && !done[0]) {
                done[0] = true;
                meanwhile.run();
              }
            });
    List<String> words =
        Arrays.stream(command.split(" ", -1))
            .map(word ->
                word.replace("SOURCE", directory.resolve("source").toString())
                    .replace("TARGET", target.toString())
                    .replace("DATA", target.resolveSibling("data").toString()))
            .toList();
    OurRun run = OurRun.of(Personality.QCOW4J, Map.of(), tapped::volume, words);
    assertThat(done).as("%s", run).containsExactly(true);
    return run;
  }

  private interface Action {
    void run() throws IOException;
  }

  private void assertRefused(OurRun run, String reason) throws IOException {
    assertThat(run.exitCode()).as("%s", run).isEqualTo(1);
    assertThat(run.stderr()).startsWith("qcow4j: ").contains(reason).endsWith("\n");
    assertThat(run.stderr().lines()).hasSize(1);
    assertThat(target).hasBinaryContent(OTHERS);
    try (Stream<Path> names = Files.list(target.getParent())) {
      assertThat(names).containsExactly(target);
    }
  }

  @ParameterizedTest
  @FieldSource("COMMANDS")
  void aFileThatAppearsStays(String command) throws IOException {
    OurRun run = run(command, () -> Files.write(target, OTHERS));

    assertRefused(
        run, "Another program has made a file of this name meanwhile, which is left as it is");
  }

  @ParameterizedTest
  @FieldSource("COMMANDS")
  void aFileThatTakesThePlaceOfTheOldOneStays(String command) throws IOException {
    Files.write(target, new byte[10]);
    Path other = Files.write(directory.resolve("other"), OTHERS);

    OurRun run = run(command, () -> Files.move(other, target, StandardCopyOption.REPLACE_EXISTING));

    assertRefused(run, "Another program has put another file in its place meanwhile");
  }
}
