package io.github.qcow4j.cli.box;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.console.Personality;
import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.create.ImageCreation;
import io.github.qcow4j.qcow2.create.ImageSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Boxes over an image that leads to a file which is not allowed unless somebody says so. */
final class BoxReferencesTest {

  private static final int DISK_BYTES = 1 << 20;

  @TempDir Path directory;
  private BoxRun box;
  private Path elsewhere;
  private String image;

  @BeforeEach
  void anImageOverOneInAnotherDirectory() throws Exception {
    box = new BoxRun(directory.resolve("home"));
    elsewhere = Files.createDirectory(directory.resolve("elsewhere"));
    Files.write(elsewhere.resolve("base.raw"), new byte[DISK_BYTES]);
    Path top = Files.createDirectory(directory.resolve("images")).resolve("top.qcow2");
    ImageSpec spec = ImageSpec.ofSize(DISK_BYTES).withBacking("../elsewhere/base.raw", "raw");
    ImageCreation.create(Volumes.host(), top, spec);
    image = top.toString();
  }

  private String refusal(String... arguments) {
    return requireAdvice(box.fails(8, arguments));
  }

  private String requireAdvice(String text) {
    return assertThat(text)
        .contains("Reference to '../elsewhere/base.raw' denied: it lies outside the directory")
        .contains("; --references says what images outside the home may lead to: ")
        .contains("give it as when the box was made", "'" + image + "'", "allow or under=DIR")
        .actual();
  }

  @Test
  void whoIsRefusedIsToldWhichOptionAllowsIt() {
    assertThat(refusal("create", "web", "--from", image)).doesNotContain("QCOW4J_REFERENCES");
    box.ok("create", "web", "--from", image, "--references", "under=" + elsewhere);
    box.ok("create", "second", "--from", image, "--references", "allow");
  }

  @Test
  void aBoxThatWasAllowedItOnceTellsHowToGetOn() {
    box.ok("create", "web", "--from", image, "--references", "allow");
    box.ok("snapshot", "create", "web", "one");
    String archive = directory.resolve("web.boxlite").toString();
    refusal("export", "web", "-o", archive);
    refusal("restore", "web", "one");
    OurRun check = box.call("check");
    assertThat(check.exitCode()).isEqualTo(1);
    requireAdvice(check.stdout());
    box.ok("export", "web", "-o", archive, "--references", "allow");
    box.ok("restore", "web", "one", "--references", "under=" + elsewhere);
    assertThat(box.ok("check", "--references", "allow")).contains("all is well");
  }

  @Test
  void whatTheEnvironmentTakesAwayIsToldToo() {
    Map<String, String> environment =
        Map.of("QCOW4J_HOME", box.home().toString(), "QCOW4J_REFERENCES", "same-dir");
    List<String> create = List.of("box", "create", "web", "--from", image, "--references", "allow");
    OurRun run = OurRun.of(Personality.QCOW4J, environment, create);
    assertThat(run.exitCode()).isEqualTo(8);
    assertThat(requireAdvice(run.stderr())).contains("QCOW4J_REFERENCES is set");
  }
}
