package io.github.qcow4j.cli.packaged;

import static io.github.qcow4j.cli.packaged.PackagedFolder.FOLDER;
import static java.nio.file.StandardCopyOption.COPY_ATTRIBUTES;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.Main;
import io.github.qcow4j.cli.packaged.PackagedFolder.Outcome;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The self-contained folder as a user meets it: its launcher, in the environments it is called
 * from.
 */
final class LauncherTest {

  private static final String NO_ZSTD =
      "zstd needs a native library that cannot be loaded here: native access is denied";

  @TempDir Path directory;

  @BeforeAll
  static void theFolderIsBuilt() {
    PackagedFolder.require();
  }

  @Test
  void saysItsVersion() throws Exception {
    assertThatVersionIsSaidBy("qcow4j", run(Map.of(), FOLDER.resolve("bin/qcow4j"), "--version"));
  }

  @Test
  void runsInAnEmptyEnvironment() throws Exception {
    Path env = Path.of("/usr/bin/env");

    Outcome outcome =
        run(Map.of(), env, "-i", FOLDER.resolve("bin/qcow4j").toString(), "--version");

    assertThatVersionIsSaidBy("qcow4j", outcome);
  }

  /**
   * The image was opened under the number of the output, and the progress written over its header.
   */
  @ParameterizedTest
  @ValueSource(strings = {"0<&- 1>&-", "0<&- 1>&- 2>&-", "0<&- 2>&-", "1>&- 2>&-", "1>&-", "0<&-"})
  void whatIsClosedIsNoImagesPlace(String closed) throws Exception {
    Path program = FOLDER.resolve("bin/qcow4j");
    Path image = directory.resolve("image");
    String script =
        "P=%s; I=%s; $P create -q -f qcow2 $I 1M && for c in 'flatten -p' 'bench -w -c 4 -f qcow2'; do $P $c $I %s; done;"
            .formatted(program, image, closed);

    Outcome outcome = run(Map.of(), Path.of("/bin/sh"), "-c", script + " $P check -q $I");

    assertThat(outcome.exitCode()).as("%s", outcome).isZero();
  }

  @Test
  void takesItsPersonalityFromTheNameOfALink() throws Exception {
    Path link = directory.resolve("qemu-img");
    Files.createSymbolicLink(link, FOLDER.resolve("bin/qcow4j"));

    assertThatVersionIsSaidBy("qemu-img", run(Map.of(), link, "--version"));
  }

  @Test
  void followsAChainOfRelativeLinks() throws Exception {
    Path links = Files.createDirectories(directory.resolve("some where/links"));
    Files.createSymbolicLink(directory.resolve("some where/folder"), FOLDER);
    Files.createSymbolicLink(links.resolve("first"), Path.of("../folder/bin/qcow4j"));
    Files.createSymbolicLink(links.resolve("qemu-img"), Path.of("first"));

    assertThatVersionIsSaidBy("qemu-img", run(Map.of(), links.resolve("qemu-img"), "--version"));
  }

  @Test
  void runsFromAPathWithASpaceAfterTheFolderWasMoved() throws Exception {
    Path moved = directory.resolve("moved to here");
    PackagedFolder.copyTo(moved);

    assertThatVersionIsSaidBy("qcow4j", run(Map.of(), moved.resolve("bin/qcow4j"), "--version"));
  }

  @Test
  void isFoundInThePath() throws Exception {
    Map<String, String> environment =
        Map.of("PATH", FOLDER.resolve("bin") + ":/usr/bin:/bin", "CDPATH", "/usr");

    Outcome outcome = run(environment, Path.of("/bin/sh"), "-c", "qcow4j --version");

    assertThatVersionIsSaidBy("qcow4j", outcome);
  }

  @Test
  void isNotDisturbedByJavaOptionsInTheEnvironment() throws Exception {
    Map<String, String> environment =
        Map.of("JAVA_TOOL_OPTIONS", "-Xmx64m", "JDK_JAVA_OPTIONS", "-Xmx64m", "CLASSPATH", "/none");

    Outcome outcome = run(environment, FOLDER.resolve("bin/qcow4j"), "--version");

    assertThatVersionIsSaidBy("qcow4j", outcome);
  }

  @Test
  void isNotEndedByTheSignalThatAsksForProgressBeforeItCanAnswer() throws Exception {
    assertThat(signalsIgnoredBy("convert").and(userSignal1())).isEqualTo(userSignal1());
    // A guest and a hook are to have it as they would without us.
    assertThat(signalsIgnoredBy("box").and(userSignal1())).isEqualTo(BigInteger.ZERO);
    assertThat(signalsIgnoredBy("-v", "box").and(userSignal1())).isEqualTo(BigInteger.ZERO);
    assertThat(signalsIgnoredBy("--timeout", "5", "box").and(userSignal1()))
        .isEqualTo(BigInteger.ZERO);
    assertThat(signalsIgnoredBy("--timeout=5", "box").and(userSignal1()))
        .isEqualTo(BigInteger.ZERO);
    assertThat(signalsIgnoredBy("-T", "box", "convert").and(userSignal1()))
        .isEqualTo(userSignal1());
  }

  private static BigInteger userSignal1() {
    return BigInteger.ONE.shiftLeft(10 - 1);
  }

  /** The mask of proc(5) that the launcher gives the runtime to begin with. */
  private BigInteger signalsIgnoredBy(String... command) throws Exception {
    Path folder = directory.resolve(String.join("", command));
    Path java = folder.resolve("runtime/bin/java");
    Files.createDirectories(java.getParent());
    Files.createDirectory(folder.resolve("bin"));
    Files.copy(FOLDER.resolve("bin/qcow4j"), folder.resolve("bin/qcow4j"), COPY_ATTRIBUTES);
    Files.writeString(
        java,
        "#!/bin/sh\nwhile read -r n v; do [ $n = SigIgn: ] && echo $v; done </proc/$$/status\n");
    assertThat(java.toFile().setExecutable(true)).isTrue();

    Outcome outcome = run(Map.of(), folder.resolve("bin/qcow4j"), command);

    return new BigInteger(outcome.output().strip(), 16);
  }

  @Test
  void passesTheExitCodeOfAnUnknownCommandOn() throws Exception {
    Outcome outcome = run(Map.of(), FOLDER.resolve("bin/qcow4j"), "no such command");

    assertThat(outcome.exitCode()).isEqualTo(1);
    assertThat(outcome.output()).isEmpty();
    assertThat(outcome.error()).isNotEmpty();
  }

  @Test
  void bringsNativeLibrariesUnpackedSoThatNothingIsWrittenToTheTemporaryDirectory()
      throws Exception {
    Outcome outcome =
        run(
            Map.of(),
            FOLDER.resolve("runtime/bin/java"),
            "-Djava.io.tmpdir=/proc",
            "-Djava.library.path=" + FOLDER.resolve("lib/native"),
            "--enable-native-access=com.github.luben.zstd_jni",
            "--add-modules=com.github.luben.zstd_jni",
            "--class-path=" + Path.of("target/test-classes").toAbsolutePath(),
            ZstdProbe.class.getName());

    assertThat(outcome).isEqualTo(new Outcome(0, "expands to 65536 bytes\n", ""));
  }

  @Test
  void saysInFullWhichWayToTheFilesItTookAndWhyNotAnother() throws Exception {
    Outcome outcome = run(Map.of(), FOLDER.resolve("bin/qcow4j"), "--version", "--verbose");

    assertThat(outcome.output())
        .contains(
            "file access: panama (the first choice, and it works here)\n",
            "    not taken: jnr, which does not work here: jnr-ffi, an optional library, is not"
                + " there\n",
            "    not taken: portable\n")
        .containsPattern("deflate: libdeflate \\(.*/lib/native/libdeflate\\.so\\)\n");
  }

  @Test
  void runsWhereNativeAccessIsDeniedAndTellsOnlyThoseWhoWantToHear() throws Exception {
    Path raw = Files.write(directory.resolve("disk.raw"), new byte[1 << 20]);
    Path image = directory.resolve("disk.qcow2");
    String[] convert = {"convert", "-O", "qcow2", raw.toString(), image.toString()};

    assertThat(runDenied(convert)).isEqualTo(new Outcome(0, "", ""));
    assertThat(runDenied("check", "-q", image.toString())).isEqualTo(new Outcome(0, "", ""));
    assertThat(runDenied("compare", "-q", raw.toString(), image.toString()))
        .isEqualTo(new Outcome(0, "", ""));

    Outcome verbose = runDenied("-v", "compare", "-q", raw.toString(), image.toString());
    assertThat(verbose.exitCode()).isZero();
    assertThat(verbose.error())
        .startsWith(
            "qcow4j: file access through portable: panama does not work here: Illegal native"
                + " access from module io.github.qcow4j.nativeio")
        .hasLineCount(1);
  }

  @Test
  void saysInOneLineThatZstdIsMissingWhereNativeAccessIsDenied() throws Exception {
    Path images = Files.createDirectory(directory.resolve("images"));
    byte[] content = "much the same ".repeat(20_000).getBytes(StandardCharsets.US_ASCII);
    Path raw = Files.write(images.resolve("disk.raw"), Arrays.copyOf(content, 1 << 20));
    Path image = images.resolve("zstd.qcow2");
    Path target = images.resolve("target");
    String zstd = "compression_type=zstd";
    String[] compress = {"convert", "-c", "-O", "qcow2", "-o", zstd, raw.toString()};
    assertThat(run(Map.of(), FOLDER.resolve("bin/qcow4j"), with(compress, image)))
        .isEqualTo(new Outcome(0, "", ""));
    byte[] before = Files.readAllBytes(image);

    assertThatZstdIsMissing(runDenied(with(compress, target)));
    assertThatZstdIsMissing(runDenied("convert", "-O", "raw", image.toString(), target.toString()));
    assertThatZstdIsMissing(
        runDenied("convert", "--salvage", "-O", "raw", image.toString(), target.toString()));
    assertThatZstdIsMissing(runDenied("amend", "-o", "compression_type=zlib", image.toString()));
    Outcome comparison = runDenied("compare", raw.toString(), image.toString());
    assertThat(comparison.exitCode()).isGreaterThan(1);
    assertThat(comparison.error()).contains(NO_ZSTD).hasLineCount(1);

    assertThat(runDenied("check", "-q", image.toString())).isEqualTo(new Outcome(0, "", ""));
    Outcome info = runDenied("info", image.toString());
    assertThat(info.exitCode()).isZero();
    assertThat(info.output()).contains("compression type: zstd");
    try (Stream<Path> left = Files.list(images)) {
      assertThat(left).containsExactlyInAnyOrder(raw, image);
    }
    assertThat(image).hasBinaryContent(before);
  }

  @Test
  void saysWhyThereAreNoBoxesWhereNativeAccessIsDenied() throws Exception {
    Outcome outcome = runDenied("box", "--home=" + directory.resolve("home"), "list");

    assertThat(outcome.exitCode()).isEqualTo(1);
    assertThat(outcome.error())
        .contains("Illegal native access from module org.xerial.sqlitejdbc")
        .hasLineCount(1);
  }

  private static void assertThatZstdIsMissing(Outcome outcome) {
    assertThat(outcome.error()).contains(NO_ZSTD).hasLineCount(1);
    assertThat(outcome.exitCode()).isEqualTo(1);
    assertThat(outcome.output()).isEmpty();
  }

  private static String[] with(String[] arguments, Path last) {
    String[] all = Arrays.copyOf(arguments, arguments.length + 1);
    all[arguments.length] = last.toString();
    return all;
  }

  /** Without the launcher, which enables native access. */
  private Outcome runDenied(String... arguments) throws IOException, InterruptedException {
    List<String> options =
        new ArrayList<>(
            List.of(
                "--illegal-native-access=deny",
                "-Djava.library.path=" + FOLDER.resolve("lib/native"),
                "--module=io.github.qcow4j.cli/" + Main.class.getName()));
    options.addAll(Arrays.asList(arguments));
    return run(Map.of(), FOLDER.resolve("runtime/bin/java"), options.toArray(String[]::new));
  }

  private static void assertThatVersionIsSaidBy(String personality, Outcome outcome)
      throws IOException {
    assertThat(outcome.error()).isEmpty();
    assertThat(outcome.exitCode()).isZero();
    assertThat(outcome.output()).startsWith(personality + " version ").contains(version());
  }

  private static String version() throws IOException {
    Properties properties = new Properties();
    try (InputStream resource = Main.class.getResourceAsStream("version.properties")) {
      properties.load(resource);
    }
    return properties.getProperty("version");
  }

  private Outcome run(Map<String, String> environment, Path program, String... arguments)
      throws IOException, InterruptedException {
    return PackagedFolder.run(directory, environment, program, arguments);
  }
}
