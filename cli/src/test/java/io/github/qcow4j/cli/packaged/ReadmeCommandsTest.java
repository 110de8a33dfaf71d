package io.github.qcow4j.cli.packaged;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** README names the commands that there are, and its demo runs. */
class ReadmeCommandsTest {

  private static final Path PROGRAM = PackagedFolder.FOLDER.resolve("bin/qcow4j");
  private static final Path README = Path.of("../README.md");

  @BeforeAll
  static void theFolderIsBuilt() {
    PackagedFolder.require();
  }

  @Test
  void theTableOfCommandsNamesTheCommandsThatThereAre() throws Exception {
    String help = run(PROGRAM.toString(), "--help");
    List<String> offered =
        Pattern.compile("^Commands[^\n]*:\n  ([a-z, ]+)$", Pattern.MULTILINE)
            .matcher(help)
            .results()
            .flatMap(commands -> Arrays.stream(commands.group(1).split(", ", -1)))
            .toList();

    assertThat(offered).isNotEmpty().containsExactlyInAnyOrderElementsOf(namedInReadme());
  }

  @Test
  void everyOptionNamedInTheTableIsInTheHelpOfItsCommand() throws Exception {
    for (String row : rows()) {
      String help = run(PROGRAM.toString(), commandOf(row), "--help");
      Pattern.compile("(?<=[` ])--?[a-zA-Z][a-z-]*")
          .matcher(row)
          .results()
          .map(MatchResult::group)
          .forEach(option -> assertThat(help).as(row).contains(option));
    }
  }

  @Test
  void theDemoRuns() throws Exception {
    ProcessBuilder demo = new ProcessBuilder("sh", "src/demo/run").redirectErrorStream(true);
    demo.environment().put("QCOW4J", PROGRAM.toString());

    assertThat(run(demo)).contains("disk.qcow2", "middle.qcow2", "base.qcow2", "all three images.");
  }

  @Test
  void theBoxesOfReadmeCanBeMadeAsItSays(@TempDir Path directory) throws Exception {
    String script =
        Files.readAllLines(README).stream()
            .dropWhile(line -> !line.startsWith("<!-- boxes:"))
            .takeWhile(line -> !line.equals("<!-- end of boxes -->"))
            .filter(line -> line.startsWith("    "))
            .map(line -> line.substring(4) + "\n")
            .collect(joining());
    ProcessBuilder shell =
        new ProcessBuilder("sh", "-e", "-c", script)
            .directory(directory.toFile())
            .redirectErrorStream(true);
    Map<String, String> environment = shell.environment();
    environment.put("PATH", PROGRAM.getParent() + ":" + environment.get("PATH"));
    environment.put("QCOW4J_HOME", directory.resolve("home").toString());

    assertThat(run(shell)).contains("installed (snapshot)", "web (box)", "-root.qcow2");
  }

  private static List<String> namedInReadme() throws IOException {
    return rows().stream().map(ReadmeCommandsTest::commandOf).toList();
  }

  private static List<String> rows() throws IOException {
    List<String> rows =
        Files.readAllLines(README).stream()
            .dropWhile(line -> !line.startsWith("<!-- commands:"))
            .takeWhile(line -> !line.equals("<!-- end of commands -->"))
            .filter(line -> line.startsWith("| `"))
            .toList();
    assertThat(rows).isNotEmpty();
    return rows;
  }

  private static String commandOf(String row) {
    return row.substring(3, row.indexOf('`', 3));
  }

  private static String run(String... command) throws Exception {
    return run(new ProcessBuilder(command).redirectErrorStream(true));
  }

  private static String run(ProcessBuilder builder) throws Exception {
    Process process = builder.start();
    process.getOutputStream().close();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as("%s%n%s", builder.command(), output).isZero();
    return output;
  }
}
