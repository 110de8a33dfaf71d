package io.github.qcow4j.cli.image;

import static org.assertj.core.api.Assertions.as;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.STRING;

import io.github.qcow4j.cli.console.Personality;
import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The user says which files an image may lead to, how long a chain and how large a disk may be. */
final class ReferenceOptionsTest {

  @TempDir static Path directory;

  private static Path near;
  private static Path far;

  @BeforeAll
  static void makeChains() throws Exception {
    Workbench bench = Workbench.in(directory);
    bench.image("base.qcow2", "", 1 << 20);
    near = bench.overlay("near.qcow2", "", "base.qcow2");
    Files.createDirectory(directory.resolve("below"));
    far = Workbench.in(directory.resolve("below")).overlay("far.qcow2", "", "../base.qcow2");
  }

  @Test
  void withoutAnyOptionLocalFilesAreFollowedAsQemuImgDoes() {
    assertThat(map(far, null)).returns(0, OurRun::exitCode);
  }

  @Test
  void denyFollowsNothing() {
    assertDenied(map(near, null, "--references", "deny"), "references are not allowed here");
  }

  @Test
  void sameDirFollowsFilesBesideOrBelowTheImage() {
    assertThat(map(near, null, "--references=same-dir")).returns(0, OurRun::exitCode);
    assertDenied(
        map(far, null, "--references=same-dir"),
        "it lies outside the directory of the image that names it");
  }

  @Test
  void underFollowsFilesBelowADirectory() {
    assertThat(map(far, null, "--references", "under=" + directory)).returns(0, OurRun::exitCode);
    assertDenied(
        map(far, null, "--references", "under=" + directory.resolve("below")),
        "it lies outside the allowed directories");
  }

  @Test
  void theEnvironmentTightensAndNeverLoosens() {
    assertDenied(map(near, "deny", "--references=allow"), "references are not allowed here");
    assertDenied(map(near, "allow", "--references=deny"), "references are not allowed here");
    assertDenied(map(far, "same-dir"), "it lies outside the directory of the image that names it");
    assertThat(map(near, "same-dir")).returns(0, OurRun::exitCode);
  }

  @Test
  void aBackingFileThatTheUserNamesHimselfIsNoReferenceOfTheImage() throws Exception {
    Path base = directory.resolve("base.qcow2");
    Path made = directory.resolve("made.qcow2");
    String format = "-Fqcow2";
    assertThat(run("deny", List.of("create", "-fqcow2", "-b" + base, format, made.toString())))
        .returns(0, OurRun::exitCode);
    String raw = directory.resolve("made.raw").toString();
    Files.write(Path.of(raw), new byte[1 << 20]);
    assertThat(
            run(
                "deny",
                List.of("convert", "-fraw", "-Oqcow2", "-B" + base, format, raw, made.toString())))
        .returns(0, OurRun::exitCode);
    Path alone = Workbench.in(directory).image("alone.qcow2", "", 1 << 20);
    assertThat(run("deny", List.of("rebase", "-b" + base, format, alone.toString())))
        .returns(0, OurRun::exitCode);
    // What it names in its turn is one.
    assertThat(run("deny", List.of("create", "-fqcow2", "-b" + near, format, made.toString())))
        .returns(1, OurRun::exitCode)
        .extracting(OurRun::stderr, as(STRING))
        .contains("Reference to 'base.qcow2' denied: references are not allowed here");
    assertDenied(
        run("deny", List.of("rebase", "-b" + near, format, made.toString())),
        "references are not allowed here");
  }

  @Test
  void verifyAllowsTheFilesThatTheUserAllows() {
    assertThat(verify(near)).contains("backing-file: ");
    assertThat(verify(near, "--references=deny")).contains("backing-file: ");
    assertThat(verify(near, "--references=same-dir")).doesNotContain("backing-file: ");
    assertThat(verify(far, "--references=same-dir")).contains("backing-file: ");
    assertThat(verify(far, "--references=allow")).doesNotContain("backing-file: ");
  }

  private static String verify(Path image, String... options) {
    List<String> arguments = new ArrayList<>(List.of("verify"));
    arguments.addAll(List.of(options));
    arguments.add(image.toString());
    return OurRun.asQcow4j(arguments.toArray(String[]::new)).stdout();
  }

  @Test
  void wordsThatAreNoPolicyAreRefused() {
    assertThat(map(near, "maybe").stderr())
        .isEqualTo(
            "qemu-img: QCOW4J_REFERENCES must be deny, same-dir, under=DIR or allow, not"
                + " 'maybe'\n");
    assertThat(map(near, null, "--references=under=").stderr())
        .contains("--references must be deny");
  }

  @Test
  void chainsAndDisksAreBounded() {
    assertThat(map(near, null, "--max-chain=1").stderr())
        .endsWith("Backing chain has more than 1 layers\n");
    assertThat(map(near, null, "--max-chain=2")).returns(0, OurRun::exitCode);
    assertThat(map(near, null, "--max-chain=0").stderr())
        .isEqualTo("qemu-img: --max-chain must be a number of layers, not '0'\n");
    assertThat(map(near, null, "--max-size=1023k").stderr())
        .endsWith("Virtual size 1048576 exceeds the allowed 1047552 bytes\n");
    assertThat(map(near, null, "--max-size=1M")).returns(0, OurRun::exitCode);
  }

  @Test
  void aLayerMoreThanTheChainMayHaveIsNotMade() throws Exception {
    Path source = Files.write(directory.resolve("two.raw"), new byte[1 << 20]);
    Path alone = Workbench.in(directory).image("under.qcow2", "", 1 << 20);
    Path made = directory.resolve("third.qcow2");
    List<List<String>> calls =
        List.of(
            List.of("create", "-q", "-fqcow2", "-b" + near, "-Fqcow2", made.toString()),
            List.of("convert", "-Oqcow2", "-B" + near, "-Fqcow2", "" + source, made.toString()),
            List.of("rebase", "-b" + near, "-Fqcow2", alone.toString()));
    for (List<String> call : calls) {
      List<String> words = new ArrayList<>(call);
      words.add(1, "--max-chain=2");
      assertThat(run(null, words))
          .returns(1, OurRun::exitCode)
          .extracting(OurRun::stderr, as(STRING))
          .endsWith("Backing chain has more than 2 layers\n")
          .hasLineCount(1);
      assertThat(made).doesNotExist();
    }
    for (List<String> call : calls) {
      List<String> words = new ArrayList<>(call);
      words.add(1, "--max-chain=3");
      assertThat(run(null, words)).returns(0, OurRun::exitCode);
    }
    assertThat(map(made, null, "--max-chain=3")).returns(0, OurRun::exitCode);
    assertThat(map(alone, null, "--max-chain=3")).returns(0, OurRun::exitCode);
  }

  @Test
  void infoOpensNothingButTheNamedFile() {
    assertThat(run("deny", List.of("info", far.toString()))).returns(0, OurRun::exitCode);
    assertThat(run("deny", List.of("info", "--backing-chain", far.toString())).stderr())
        .contains("references are not allowed here");
  }

  private static OurRun map(Path image, String environment, String... options) {
    List<String> arguments = new ArrayList<>(List.of("map"));
    arguments.addAll(List.of(options));
    arguments.add(image.toString());
    return run(environment, arguments);
  }

  private static OurRun run(String environment, List<String> arguments) {
    return OurRun.of(
        Personality.QEMU_IMG,
        environment == null ? Map.of() : Map.of("QCOW4J_REFERENCES", environment),
        arguments);
  }

  private static void assertDenied(OurRun run, String reason) {
    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.stderr()).contains("denied: " + reason).hasLineCount(1);
  }
}
