package io.github.qcow4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.box.BoxRun;
import io.github.qcow4j.cli.console.Console;
import io.github.qcow4j.cli.console.Personality;
import io.github.qcow4j.cli.option.TimeLimit;
import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.nativeio.Volumes;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code --timeout} and its variable: what they take, and what the end of the time does when. */
final class DeadlineTest {

  private static final Map<String, String> IN_TWO_SECONDS = Map.of(TimeLimit.VARIABLE, "2");

  @TempDir Path directory;
  private Path source;
  private Path target;

  @BeforeEach
  void makeSource() throws IOException {
    source = directory.resolve("source.raw");
    target = directory.resolve("target.raw");
    Files.write(source, new byte[1 << 20]);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "0", "-1", "+5", "5s", " 5", "1.5", "31536001", "4294967297", "info", "٣"})
  void whatIsNoNumberOfSecondsIsRefusedInOneLine(String value) {
    for (List<String> option :
        List.of(List.of("--timeout", value), List.of("--timeout=" + value))) {
      OurRun run = call(Personality.QCOW4J, Map.of(), console -> {}, option, creation());
      assertThat(run.exitCode()).as("%s", run).isEqualTo(1);
      assertThat(run.stderr())
          .isEqualTo(
              "qcow4j: --timeout must be a number of seconds from 1 to 31536000, not '"
                  + value
                  + "'\n");
      assertThat(run.stdout()).isEmpty();
      assertThat(target).doesNotExist();
    }
  }

  @Test
  void withoutAValueTheOptionIsRefused() {
    OurRun run = OurRun.asQcow4j("--timeout");
    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.stderr()).startsWith("qcow4j: missing argument for option '--timeout'\n");
  }

  @ParameterizedTest
  @ValueSource(strings = {"--timeout 1", "--timeout=31536000", "--timeout=0007", "-v --timeout 60"})
  void aCommandThatEndsInTimeIsNotDisturbed(String options) {
    OurRun run =
        call(
            Personality.QCOW4J,
            Map.of(),
            console -> {},
            List.of(options.split(" ", -1)),
            creation());
    assertThat(run.exitCode()).as("%s", run).isZero();
    assertThat(run.stderr()).isEmpty();
    assertThat(target).hasSize(1 << 20);
  }

  @ParameterizedTest
  @ValueSource(strings = {"--timeout", "--timeout=5"})
  void asQemuImgTheOptionIsUnknownAndTheVariableHolds(String option) {
    OurRun refused =
        call(Personality.QEMU_IMG, Map.of(), console -> {}, List.of(option, "5"), creation());
    assertThat(refused.exitCode()).isEqualTo(1);
    assertThat(refused.stderr()).startsWith("qemu-img: unrecognized option '" + option + "'\n");
    assertThat(target).doesNotExist();

    OurRun limited =
        call(
            Personality.QEMU_IMG,
            IN_TWO_SECONDS,
            DeadlineTest::passAtOnce,
            List.of(),
            conversion());
    assertThat(limited.exitCode()).isEqualTo(124);
    assertThat(limited.stderr()).isEqualTo("qemu-img: The command did not end within 2 seconds\n");
    assertThat(target).doesNotExist();
  }

  @Test
  void theOptionWinsOverTheVariable() {
    for (String variable : List.of("2", "nonsense")) {
      OurRun run =
          call(
              Personality.QCOW4J,
              Map.of(TimeLimit.VARIABLE, variable),
              DeadlineTest::passAtOnce,
              List.of("--timeout=7", "--timeout=1"),
              conversion());
      assertThat(run.exitCode()).as("%s", run).isEqualTo(124);
      assertThat(run.stderr()).isEqualTo("qcow4j: The command did not end within 1 second\n");
    }
  }

  @Test
  void anEmptyVariableSaysNothingAndWithoutALimitNobodyCounts() {
    List<TimeLimit> counted = new ArrayList<>();
    Consumer<Console> counting = console -> console.deadline().watchedBy(counted::add);
    for (Map<String, String> none :
        List.of(Map.<String, String>of(), Map.of(TimeLimit.VARIABLE, ""))) {
      assertThat(call(Personality.QCOW4J, none, counting, List.of(), creation()).exitCode())
          .isZero();
    }
    assertThat(counted).isEmpty();
    assertThat(call(Personality.QCOW4J, IN_TWO_SECONDS, counting, List.of(), creation()).exitCode())
        .isZero();
    assertThat(counted).containsExactly(new TimeLimit(2));
  }

  @Test
  void inTheMiddleOfAJobNothingOfItsResultIsLeft() {
    assertThat(conversionPassingAt("(0.00/100%)"))
        .isEqualTo(new Ended(124, "qcow4j: The command did not end within 2 seconds\n"));
    assertThat(target).doesNotExist();
  }

  private OurRun whenTimeIsUp(String command, Path image) {
    return call(
        Personality.QCOW4J,
        IN_TWO_SECONDS,
        DeadlineTest::passAtOnce,
        List.of(),
        List.of(command, image.toString()));
  }

  @Test
  void aMapIsStoppedToo() {
    OurRun run = whenTimeIsUp("map", source);
    assertThat(run.exitCode()).as("%s", run).isEqualTo(124);
    assertThat(run.stderr()).isEqualTo("qcow4j: The command did not end within 2 seconds\n");
  }

  @Test
  void aResultThatIsCompleteIsToldAsComplete() {
    assertThat(conversionPassingAt("\n")).isEqualTo(new Ended(0, ""));
    assertThat(target).hasSize(1 << 20);
  }

  @Test
  void anAnswerThatCameInTheEndIsGivenAsItIs() {
    OurRun run = whenTimeIsUp("info", directory.resolve("none"));
    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.stderr()).endsWith(": No such file or directory\n").hasLineCount(1);
  }

  @Test
  void boxesAnswerInTheirOwnWay() {
    BoxRun box = new BoxRun(directory.resolve("home"));
    box.ok("create", "web", "--size", "1M");

    Path archive = directory.resolve("web.boxlite");
    OurRun run =
        box("2", DeadlineTest::passAtOnce, "export", "web", "--json", "-o", archive.toString());
    assertThat(run.exitCode()).as("%s", run).isEqualTo(124);
    assertThat(run.stderr()).isEqualTo("qcow4j: The command did not end within 2 seconds\n");
    assertThat(run.stdout())
        .isEqualTo(
            """
            {
                "error": {
                    "code": "timeout",
                    "message": "The command did not end within 2 seconds"
                }
            }
            """);
    assertThat(archive).doesNotExist();

    OurRun junk = box("soon", console -> {}, "clone", "web", "other", "--full", "--json");
    assertThat(junk.exitCode()).isEqualTo(2);
    assertThat(junk.stderr()).startsWith("qcow4j: QCOW4J_TIMEOUT_SECONDS must be ").hasLineCount(1);
    assertThat(box.ok("list")).doesNotContain("other");
    assertThat(box("soon", console -> {}, "clone", "--help").exitCode()).isZero();
  }

  @Test
  void aCollectionSaysOnceWhatItHasDone() {
    BoxRun box = new BoxRun(directory.resolve("home"));
    box.ok("create", "web", "--size", "1M");

    box.ok("snapshot", "create", "web", "one");
    OurRun run = box("2", DeadlineTest::passAtOnce, "gc", "--keep", "0", "--json");

    assertThat(run.exitCode()).as("%s", run).isEqualTo(124);
    assertThat(run.stderr()).hasLineCount(1);
    assertThat(run.stdout()).contains("\"cancelled\": true").doesNotContain("\"error\"");
  }

  @Test
  void theProgramOfABoxTakesAsLongAsItLikesOnceItRuns() {
    BoxRun box = new BoxRun(directory.resolve("home"));
    box.ok("create", "web", "--size", "1M");
    List<Console> consoles = new ArrayList<>();
    Path trace = directory.resolve("trace");

    OurRun ended = box("2", consoles::add, "run", "web", "--", "touch", trace.toString());
    assertThat(ended.exitCode()).as("%s", ended).isZero();
    assertThat(trace).exists().isEmptyFile();
    assertThat(consoles.getFirst().deadline().pass()).isFalse();
    assertThat(consoles.getFirst().isCancelled()).isFalse();

    Path none = directory.resolve("none");
    OurRun late = box("2", DeadlineTest::passAtOnce, "run", "web", "--", "touch", none.toString());
    assertThat(late.exitCode()).as("%s", late).isEqualTo(124);
    assertThat(late.stderr()).isEqualTo("qcow4j: The command did not end within 2 seconds\n");
    assertThat(none).doesNotExist();
    assertThat(box.ok("show", "web")).contains("status: stopped\n");
  }

  private static void passAtOnce(Console console) {
    console
        .deadline()
        .watchedBy(limit -> {
          boolean _ = console.deadline().pass();
        });
  }

  private List<String> creation() {
    return List.of("create", "-q", "-f", "raw", target.toString(), "1M");
  }

  private List<String> conversion() {
    return List.of("convert", "-O", "raw", source.toString(), target.toString());
  }

  private static OurRun call(
      Personality personality,
      Map<String, String> environment,
      Consumer<Console> preparation,
      List<String> options,
      List<String> command) {
    List<String> all = new ArrayList<>(options);
    all.addAll(command);
    return OurRun.prepared(personality, environment, Volumes::host, preparation, all);
  }

  private OurRun box(String seconds, Consumer<Console> preparation, String... words) {
    Map<String, String> environment =
        Map.of("QCOW4J_HOME", directory.resolve("home").toString(), TimeLimit.VARIABLE, seconds);
    return call(Personality.QCOW4J, environment, preparation, List.of("box"), Arrays.asList(words));
  }

  private record Ended(int exitCode, String error) {}

  /** The time is up as soon as this is shown; the line of the progress ends after the job. */
  private Ended conversionPassingAt(String shown) {
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    List<Console> known = new ArrayList<>();
    ByteArrayOutputStream seen =
        new ByteArrayOutputStream() {
          @Override
          public synchronized void write(byte[] bytes, int offset, int length) {
            super.write(bytes, offset, length);
            if (toString(StandardCharsets.UTF_8).contains(shown)) {
              boolean _ = known.getFirst().deadline().pass();
            }
          }
        };
    known.add(
        new Console(
            Personality.QCOW4J,
            new PrintStream(seen, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            IN_TWO_SECONDS,
            Volumes::host));
    int exitCode =
        Main.run(
            known.getFirst(), "convert", "-p", "-O", "raw", source.toString(), target.toString());
    return new Ended(exitCode, err.toString(StandardCharsets.UTF_8));
  }
}
