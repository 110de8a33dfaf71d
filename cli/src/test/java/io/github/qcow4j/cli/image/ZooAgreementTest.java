package io.github.qcow4j.cli.image;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.qcow2.testing.ContentDigest;
import io.github.qcow4j.qcow2.testing.Feature;
import io.github.qcow4j.qcow2.testing.ImageZoo;
import io.github.qcow4j.qcow2.testing.QemuTools;
import io.github.qcow4j.qcow2.testing.ToolRun;
import io.github.qcow4j.qcow2.testing.ZooImage;
import io.github.qcow4j.qcow2.testing.ZooSnapshot;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Over several hundred generated images, this program says exactly what qemu-img says. The forms
 * that tell most are asked of every image, the others of some ({@link ImageZoo#oneIn}).
 */
final class ZooAgreementTest {

  /** How often qemu-img may contradict itself on one image. */
  private static final int CHANGES = 5;

  private final ImageZoo zoo = ImageZoo.shared();
  private final QemuTools qemu = QemuTools.require();

  @Test
  void infoSaysTheSame() {
    zoo.forEach(oneIn(5), image -> assertSame(image, "info"));
  }

  @Test
  void infoSaysTheSameInJson() {
    zoo.forEach(oneIn(5), image -> assertSame(image, "info", "--output=json"));
  }

  @Test
  void infoSaysTheSameOfTheWholeChain() {
    zoo.forEach(image -> assertSame(image, "info", "--backing-chain"));
  }

  @Test
  void infoSaysTheSameOfTheWholeChainInJson() {
    zoo.forEach(image -> assertSame(image, "info", "--backing-chain", "--output=json"));
  }

  @Test
  void mapSaysTheSame() {
    zoo.forEach(oneIn(5), image -> assertSame(image, "map"));
  }

  @Test
  void mapSaysTheSameInJson() {
    zoo.forEach(image -> assertSame(image, "map", "--output=json"));
  }

  @Test
  void mapSaysTheSameOfAPartOfTheDisk() {
    zoo.forEach(
        oneIn(3),
        image -> {
          String third = Long.toString(image.virtualSizeBytes() / 3);
          assertSame(image, "map", "--output=json", "-s", third, "-l", third);
        });
  }

  @Test
  void snapshotListSaysTheSame() {
    zoo.forEach(oneIn(3), image -> assertSame(image, "snapshot", "-l"));
  }

  @Test
  void checkSaysTheSame() {
    zoo.forEach(image -> assertSame(image, "check"));
  }

  @Test
  void checkSaysTheSameInJson() {
    zoo.forEach(oneIn(5), image -> assertSame(image, "check", "--output=json"));
  }

  @Test
  void measureSaysTheSame() {
    zoo.forEach(
        oneIn(3), image -> assertSame(image, "measure", "-O", "qcow2", "-o", "cluster_size=4k"));
  }

  @Test
  void measureSaysTheSameInJson() {
    zoo.forEach(image -> assertSame(image, "measure", "-O", "qcow2", "--output=json"));
  }

  @Test
  void convertAndMeasureTakeWhatQemuTakesOfASnapshot(@TempDir Path directory) {
    Path theirs = directory.resolve("theirs.raw");
    Path ours = directory.resolve("ours.raw");
    zoo.forEach(
        zoo.with(Feature.SNAPSHOTS),
        image -> {
          for (ZooSnapshot snapshot : image.snapshots()) {
            String chosen = "snapshot.id=" + snapshot.id();
            assertSame(image, "measure", "-O", "raw", "-l", chosen);
            String path = image.path().toString();
            qemu.img("convert", "-O", "raw", "-l", chosen, path, theirs.toString()).orFail();
            OurRun run =
                OurRun.asQemuImg("convert", "-O", "raw", "-l", chosen, path, ours.toString());
            assertThat(run.stderr()).isEmpty();
            assertThat(ContentDigest.ofRaw(ours)).isEqualTo(ContentDigest.ofRaw(theirs));
          }
        });
  }

  private Stream<ZooImage> oneIn(int many) {
    return zoo.stream().filter(ImageZoo.oneIn(many));
  }

  /**
   * The file system may change its answers while nobody writes: what is reserved and not written
   * counts as data for as long as the page cache holds what was read of it. So ours is held against
   * an answer that qemu-img gives before it and after it.
   */
  private void assertSame(ZooImage image, String... command) {
    List<String> arguments = new ArrayList<>(List.of(command));
    arguments.add(image.path().toString());
    ToolRun theirs = qemu.img(arguments);
    OurRun ours = OurRun.asQemuImg(arguments);
    for (int i = 0; i < CHANGES && !ours.stdout().equals(theirs.stdout()); i++) {
      ToolRun after = qemu.img(arguments);
      if (after.stdout().equals(theirs.stdout())) {
        break;
      }
      theirs = after;
      ours = OurRun.asQemuImg(arguments);
    }
    assertThat(ours.stdout()).as("standard output of %s", arguments).isEqualTo(theirs.stdout());
    assertThat(ours.stderr()).as("standard error of %s", arguments).isEqualTo(theirs.stderr());
    assertThat(ours.exitCode()).as("exit code of %s", arguments).isEqualTo(theirs.exitCode());
  }
}
