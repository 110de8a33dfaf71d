package io.github.qcow4j.cli.packaged;

import static io.github.qcow4j.cli.packaged.PackagedFolder.FOLDER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.qcow4j.cli.packaged.PackagedFolder.Outcome;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Man pages and completion as the folder carries them, read by the programs they are for. */
final class PagesTest {

  private static final Path SHARE = FOLDER.resolve("share");
  private static final Path BASH = SHARE.resolve("bash-completion/completions/qcow4j");

  @TempDir Path directory;

  @BeforeAll
  static void theFolderIsBuilt() {
    PackagedFolder.require();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          qcow4j co                          | commit compare convert
          qcow4j --timeout 5 co              | commit compare convert
          qcow4j --timeout ''                |
          qcow4j --t                         | --timeout
          qcow4j box snap                    | snapshot
          qcow4j box snapshot                | snapshot
          qcow4j box snapshot ''             | create list tree show path diff rm
          qcow4j convert -O ''               | raw qcow2
          qcow4j convert --target-format = q | qcow2
          qcow4j convert -t w                | writeback writethrough
          qcow4j compare --str               | --strict
          qcow4j box --home /x snapshot create --q | --quiesce
          qcow4j info disk                   |
          qcow4j convert -o ''               |
          """)
  void bashCompletesCommandsOptionsAndTheirValues(String line, String expected) throws Exception {
    String script =
        """
        source "$1"
        COMP_WORDS=(%s)
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        _qcow4j
        echo "${COMPREPLY[*]}"
        """
            .formatted(line);

    Outcome outcome =
        PackagedFolder.run(
            directory,
            Map.of(),
            Path.of("/bin/bash"),
            "--norc",
            "-c",
            script,
            "bash",
            BASH.toString());

    assertThat(outcome).isEqualTo(new Outcome(0, (expected == null ? "" : expected) + "\n", ""));
  }

  @Test
  void bashOffersEveryOptionThatTheHelpOfACommandNames() throws Exception {
    String script = Files.readString(BASH);
    String help = run(FOLDER.resolve("bin/qcow4j"), "convert", "--help");
    List<String> options =
        Stream.of(help.split("[\\s,=]+", -1)).filter(each -> each.matches("--[a-z-]+")).toList();

    assertThat(options).hasSizeGreaterThan(20);
    String offered =
        script
            .lines()
            .dropWhile(each -> !each.contains("\"qcow4j convert\")"))
            .skip(2)
            .findFirst()
            .orElse("");
    assertThat(offered.split("[ \"=]+", -1)).containsAll(options);
  }

  @Test
  void zshAndFishFindNoFaultWithTheirFiles() throws Exception {
    Path zsh = Path.of("/usr/bin/zsh");
    Path fish = Path.of("/usr/bin/fish");
    assumeTrue(
        Files.isExecutable(zsh) && Files.isExecutable(fish), "zsh and fish are not both installed");

    assertThat(run(zsh, "-n", SHARE.resolve("zsh/site-functions/_qcow4j").toString())).isEmpty();
    Path completions = SHARE.resolve("fish/vendor_completions.d/qcow4j.fish");
    assertThat(
            run(
                fish,
                "--no-config",
                "-c",
                "source " + completions + "; complete -C 'qcow4j box snapshot cr'"))
        .startsWith("create\t");
  }

  @Test
  void thereIsAPageOfTheManualForEveryCommandAndNothingIsWrongWithAny() throws Exception {
    Path groff = Path.of("/usr/bin/groff");
    assumeTrue(Files.isExecutable(groff), "groff is not installed");
    List<Path> pages;
    try (Stream<Path> files = Files.list(SHARE.resolve("man/man1"))) {
      pages = files.sorted().toList();
    }

    assertThat(pages)
        .extracting(each -> each.getFileName().toString())
        .contains("qcow4j.1", "qcow4j-convert.1", "qcow4j-box.1", "qcow4j-box-clone.1");
    for (Path page : pages) {
      // -z formats and prints nothing, -ww warns of everything.
      assertThat(run(groff, "-man", "-Tutf8", "-ww", "-z", page.toString()))
          .as("" + page)
          .isEmpty();
    }
    assertThat(Files.readString(SHARE.resolve("man/man1/qcow4j-convert.1")))
        .contains(
            ".SH SYNOPSIS\n.B qcow4j convert\n", "\\fB\\-O\\fR, \\fB\\-\\-target\\-format\\fR");
  }

  /** Output and errors of a program that ends well. */
  private String run(Path program, String... arguments) throws Exception {
    Outcome outcome = PackagedFolder.run(directory, Map.of(), program, arguments);
    assertThat(outcome.exitCode()).as(outcome.error()).isZero();
    return outcome.output() + outcome.error();
  }
}
