package io.github.qcow4j.cli.packaged;

import static io.github.qcow4j.cli.packaged.PackagedFolder.FOLDER;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.packaged.PackagedFolder.Outcome;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How the packaged program starts: out of the cache that packaging made, wherever it stands. */
final class StartTest {

  private static final String CACHE = "lib/qcow4j.aot";

  /** What a command may load beyond what was rehearsed; without the cache it is some 1500. */
  private static final int FEW_CLASSES = 20;

  private static final long MEGABYTE = 1_000_000;

  @TempDir Path directory;
  private Path image;

  @BeforeAll
  static void theFolderIsBuilt() {
    PackagedFolder.require();
  }

  @BeforeEach
  void makeImages() throws Exception {
    String script = Path.of("src/demo/make-chain").toAbsolutePath().toString();
    Path images = directory.resolve("images");
    Outcome made =
        PackagedFolder.run(directory, Map.of(), Path.of("/bin/sh"), script, images.toString());
    assertThat(made).isEqualTo(new Outcome(0, "", ""));
    image = images.resolve("disk.qcow2");
  }

  @Test
  void usesTheCacheAndLoadsNearlyAllOfItsOwnClassesFromIt() throws Exception {
    for (String command : List.of("info", "check", "chain")) {
      assertThatTheCacheServes(FOLDER, command, image.toString());
    }
    assertThatTheCacheServes(FOLDER, "map", "--output=json", image.toString());
    assertThatTheCacheServes(FOLDER, "convert", image.toString(), "copy.raw");
    assertThatTheCacheServes(FOLDER, "compare", image.toString(), "copy.raw");
  }

  @Test
  void usesTheCacheInACopyOfTheFolderThatNobodyMayWriteTo() throws Exception {
    Path copy = directory.resolve("a copy");
    PackagedFolder.copyTo(copy);
    PackagedFolder.makeReadOnly(copy);

    assertThatTheCacheServes(copy, "info", image.toString());
  }

  @Test
  void startsInTheAddressSpaceThatCallersGiveToTheInspectionOfImages() throws Exception {
    String program = FOLDER.resolve("bin/qcow4j").toString();
    String script = "ulimit -v 1048576 && exec \"$0\" info \"$1\"";

    Outcome limited =
        PackagedFolder.run(
            directory, Map.of(), Path.of("/bin/sh"), "-c", script, program, image.toString());

    assertThat(limited).isEqualTo(info(FOLDER, Map.of()));
  }

  @Test
  void loadsNothingOfBoxesNorTheParserOfHelpPagesNorLogging() throws Exception {
    List<String> classes = classesLoadedBy(FOLDER, "info", image.toString());

    for (String foreign :
        List.of(
            "picocli", "java.util.logging", "org.sqlite", "jackson", "java.sql", ".snapshot.Box")) {
      assertThat(classes).noneMatch(each -> each.contains(foreign));
    }
  }

  /** Each would be made anew at every start, by a compiler of class files. */
  @Test
  void makesNoFormOfMethodHandlesThatTheCacheCanHold() throws Exception {
    Map<String, String> tracing =
        Map.of("QCOW4J_JAVA_OPTIONS", "-Djava.lang.invoke.MethodHandle.TRACE_RESOLVE=true");

    Outcome traced = info(FOLDER, tracing);

    assertThat(traced.output().lines())
        .filteredOn(line -> line.startsWith("[LF_RESOLVE]"))
        .isNotEmpty()
        .allMatch(line -> line.endsWith("(success)"));
  }

  @Test
  void saysNothingWhenTheCacheIsMissingCutShortOrDamaged() throws Exception {
    Path copy = directory.resolve("copy");
    PackagedFolder.copyTo(copy);
    Path cache = copy.resolve(CACHE);
    Outcome expected = info(FOLDER, Map.of());

    try (FileChannel file = FileChannel.open(cache, StandardOpenOption.WRITE)) {
      file.truncate(file.size() / 2);
    }
    assertThat(info(copy, Map.of())).as("cut short").isEqualTo(expected);
    Files.writeString(cache, "nothing that a JVM ever wrote");
    assertThat(info(copy, Map.of())).as("damaged").isEqualTo(expected);
    Files.write(cache, new byte[0]);
    assertThat(info(copy, Map.of())).as("empty").isEqualTo(expected);
    Files.delete(cache);
    assertThat(info(copy, Map.of())).as("missing").isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "-XX:-UseSerialGC -XX:+UseParallelGC",
        "-XX:-UseCompressedOops",
        "-Xmx40g",
        "-XX:+UseCompactObjectHeaders",
        "--add-modules=java.sql",
        "-XX:AOTMode=off"
      })
  void saysNothingWhenTheCacheDoesNotSuitTheOptionsOfTheUser(String option) throws Exception {
    Outcome outcome = info(FOLDER, Map.of("QCOW4J_JAVA_OPTIONS", option));

    assertThat(outcome).isEqualTo(info(FOLDER, Map.of()));
  }

  @Test
  void boxesNeedNothingOfADirectoryForTemporaryFilesNorWriteToTheFolder() throws Exception {
    Path copy = directory.resolve("copy");
    PackagedFolder.copyTo(copy);
    PackagedFolder.makeReadOnly(copy);
    Map<String, String> environment =
        Map.of(
            "QCOW4J_HOME",
            directory.resolve("home").toString(),
            "QCOW4J_JAVA_OPTIONS",
            "-Djava.io.tmpdir=" + Files.createDirectory(directory.resolve("tmp")));
    Path program = copy.resolve("bin/qcow4j");

    Outcome created =
        PackagedFolder.run(
            directory, environment, program, "box", "create", "web", "--from", image.toString());
    assertThat(created).isEqualTo(new Outcome(0, "box 'web' is made\n", ""));
    Outcome listed = PackagedFolder.run(directory, environment, program, "box", "list");
    assertThat(listed.output()).contains("web", "stopped");
    assertThat(listed.error()).isEmpty();
    assertThat(directory.resolve("tmp")).isEmptyDirectory();
  }

  @Test
  void isSmallEnoughToBeSentAround() throws Exception {
    assertThat(PackagedFolder.sizeBytes()).isLessThanOrEqualTo(80 * MEGABYTE);
    try (Stream<Path> files = Files.list(FOLDER.getParent())) {
      assertThat(files)
          .filteredOn(file -> file.toString().endsWith(".tar.gz"))
          .hasSize(1)
          .allMatch(file -> file.toFile().length() <= 40 * MEGABYTE);
    }
  }

  private Outcome info(Path folder, Map<String, String> environment) throws Exception {
    Outcome outcome =
        PackagedFolder.run(
            directory, environment, folder.resolve("bin/qcow4j"), "info", image.toString());
    assertThat(outcome.exitCode()).isZero();
    assertThat(outcome.error()).isEmpty();
    return outcome;
  }

  private void assertThatTheCacheServes(Path folder, String... arguments) throws Exception {
    assertThat(classesLoadedBy(folder, arguments))
        .as("classes that %s loads from elsewhere", List.of(arguments))
        .filteredOn(each -> each.contains("source: jrt:/"))
        .hasSizeLessThan(FEW_CLASSES);
  }

  /** The lines of the JVM's log, one for each class. */
  private List<String> classesLoadedBy(Path folder, String... arguments) throws Exception {
    Path log = Files.createTempFile(directory, "classes", ".txt");
    Outcome outcome =
        PackagedFolder.run(
            directory,
            Map.of("QCOW4J_JAVA_OPTIONS", "-Xlog:class+load:file=" + log),
            folder.resolve("bin/qcow4j"),
            arguments);
    assertThat(outcome.error()).isEmpty();
    assertThat(outcome.exitCode()).isZero();
    return Files.readAllLines(log);
  }
}
