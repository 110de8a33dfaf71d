package io.github.qcow4j.cli.image;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.image.SameCommand.Outcome;
import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.qcow2.testing.HeldImage;
import io.github.qcow4j.qcow2.testing.QemuTools;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code resize} does to an image what qemu-img does, and says the same. */
final class ResizeAgreementTest {

  private static final QemuTools QEMU = QemuTools.require();

  @TempDir static Path directory;

  private static SameCommand commands;

  @BeforeAll
  static void makeImages() throws IOException {
    commands = new SameCommand(QEMU, directory);
    Workbench bench = Workbench.in(commands.master());
    bench.image("a.qcow2", "", 1 << 20, "write -P 1 0 100k", "write -P 2 1000k 24k");
    bench.image("odd.qcow2", "", 1000 * 512, "write -P 1 0 1000b");
    bench.image("small.qcow2", "cluster_size=512", 1 << 20, "write -P 1 0 100k");
    bench.image("old.qcow2", "compat=0.10", 1 << 20, "write -P 1 0 1M");
    bench.image("sub.qcow2", "extended_l2=on", 1 << 20, "write -P 1 1000k 24k");
    bench.snapshot(bench.image("held.qcow2", "", 1 << 20, "write -P 1 0 1M"), "s");
    bench.snapshot(bench.image("oldheld.qcow2", "compat=0.10", 1 << 20), "s");
    bench.image("base.qcow2", "", 3 << 20, "write -P 7 0 3M");
    // Absolute, because the images are copied elsewhere.
    String base = commands.master().resolve("base.qcow2").toString();
    QEMU.in(commands.master())
        .img("create", "-q", "-f", "qcow2", "-b", base, "-F", "qcow2", "over.qcow2", "1M")
        .orFail();
    bench.file("disk.raw", Workbench.randomBytes(1 << 20, 1));
    bench.file("odd.raw", Workbench.randomBytes(1000, 1));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "@a.qcow2 2M",
        "@a.qcow2 1M",
        "@a.qcow2 +0",
        "@a.qcow2 -0",
        "@a.qcow2 +1M",
        "@a.qcow2 1.5M",
        "@a.qcow2 0x400000",
        "@a.qcow2 +512",
        "@a.qcow2 1T",
        "-q @a.qcow2 2M",
        "-f qcow2 @a.qcow2 2M",
        "--image-opts driver=qcow2,file.filename=@a.qcow2 2M",
        "--shrink @a.qcow2 512k",
        "--shrink @a.qcow2 -512k",
        "--shrink @a.qcow2 512",
        "--shrink @a.qcow2 1M",
        "--shrink @a.qcow2 -- -512k",
        "@odd.qcow2 2M",
        "@odd.qcow2 +512",
        "--shrink @odd.qcow2 -512",
        "@small.qcow2 70M",
        "--shrink @small.qcow2 10k",
        "@old.qcow2 2M",
        "--shrink @old.qcow2 100k",
        "@sub.qcow2 2M",
        "--shrink @sub.qcow2 1001k",
        "@held.qcow2 2M",
        "--shrink @held.qcow2 512k",
        "@over.qcow2 4M",
        "@over.qcow2 2M",
        "--shrink @over.qcow2 512k",
        "--preallocation=off @a.qcow2 2M",
        "--preallocation=metadata @a.qcow2 2M",
        "--preallocation=falloc @a.qcow2 2M",
        "--preallocation=full @a.qcow2 2M",
        "--preallocation=metadata @a.qcow2 700M",
        "--preallocation=full @odd.qcow2 2M",
        "--preallocation=metadata @small.qcow2 2M",
        "--preallocation=full @old.qcow2 2M",
        "--preallocation=metadata @sub.qcow2 2M",
        "--preallocation=full @held.qcow2 2M",
        "--preallocation=metadata @over.qcow2 4M",
        "--preallocation=full @over.qcow2 2M",
        "-f raw @disk.raw 2M",
        "-f raw @disk.raw +513",
        "-f raw --shrink @disk.raw 1000",
        "-f raw --preallocation=full @disk.raw 2M",
        "-f raw --preallocation=falloc @disk.raw 2M",
        "-f raw @odd.raw +1000",
        "-f raw @a.qcow2 +1M",
        "@disk.raw 2M",
      })
  void doesWhatQemuImgDoes(String line) throws IOException {
    Outcome outcome = commands.run("resize " + line).succeeded();
    String name = line.replaceAll(".*@([^ ]*).*", "$1");
    Path theirs = outcome.theirDirectory().resolve(name);
    Path ours = outcome.ourDirectory().resolve(name);
    if (line.contains("-f raw") || name.endsWith(".raw")) {
      assertThat(Files.readAllBytes(ours)).isEqualTo(Files.readAllBytes(theirs));
      return;
    }
    QEMU.assertCheckClean(ours);
    Path left = directory.resolve("left.raw");
    Path right = directory.resolve("right.raw");
    QEMU.convertToRaw(theirs, "qcow2", left);
    QEMU.convertToRaw(ours, "qcow2", right);
    assertThat(Files.size(right)).isEqualTo(Files.size(left));
    assertThat(QEMU.rawFilesEqual(left, right)).isTrue();
    Files.delete(left);
    Files.delete(right);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "@a.qcow2",
        "@a.qcow2 1x",
        "@a.qcow2 ''",
        "@a.qcow2 +",
        "@a.qcow2 -",
        "@a.qcow2 +-5",
        "@a.qcow2 1M 2M",
        "@a.qcow2 512k",
        "-q @a.qcow2 512k",
        "@a.qcow2 -512k",
        "@a.qcow2 1048577",
        "@a.qcow2 +1",
        "--shrink @a.qcow2 0",
        "--shrink @a.qcow2 -1M",
        "--shrink @a.qcow2 -2M",
        "@a.qcow2 8E",
        "@a.qcow2 +8E",
        "@a.qcow2 7E",
        "@a.qcow2 +7E",
        "@a.qcow2 16E",
        "@a.qcow2 4P",
        "-f nope @a.qcow2 2M",
        "-f qcow2 @disk.raw 2M",
        "@gone 2M",
        "-x @a.qcow2 2M",
        "--image-opts @a.qcow2 2M",
        "--object foo @a.qcow2 2M",
        "--preallocation=zork @a.qcow2 2M",
        "--preallocation @a.qcow2 2M",
        "--preallocation=full @a.qcow2 1M",
        "--shrink --preallocation=full @a.qcow2 512k",
        "--preallocation=metadata -f raw @disk.raw 2M",
        "-f raw @disk.raw 512k",
        "-f raw @disk.raw 7E",
        "@oldheld.qcow2 2M",
        "--shrink @oldheld.qcow2 512k",
      })
  void refusesWhatQemuImgRefuses(String line) {
    commands.run("resize " + line).agreed();
  }

  @Test
  void theDataFileFollows() throws IOException {
    Path image = directory.resolve("outside.qcow2");
    Path data = directory.resolve("outside.data");
    for (String raw : new String[] {"off", "on"}) {
      QEMU.create(image, "data_file=" + data + ",data_file_raw=" + raw, 1 << 20);
      QEMU.io(image, "write -P 3 0 1M");
      assertThat(OurRun.asQemuImg("resize", image.toString(), "2M").stderr()).isEmpty();
      assertThat(Files.size(data)).isEqualTo(2 << 20);
      QEMU.assertCheckClean(image);
      QEMU.io(image, "read -P 3 0 1M", "read -P 0 1M 1M");
      assertThat(
              OurRun.asQemuImg("resize", "--preallocation=full", image.toString(), "3M").stderr())
          .isEmpty();
      QEMU.assertCheckClean(image);
      QEMU.io(image, "read -P 3 0 1M", "read -P 0 1M 2M", "write -P 4 2M 1M");
      assertThat(OurRun.asQemuImg("resize", "--shrink", image.toString(), "512k").stderr())
          .isEmpty();
      assertThat(Files.size(data)).isEqualTo(512 << 10);
      QEMU.assertCheckClean(image);
      QEMU.io(image, "read -P 3 0 512k");
      Files.delete(image);
      Files.delete(data);
    }
  }

  /** Its clusters have no refcounts, though their offsets are those of the image's own clusters. */
  @ParameterizedTest
  @ValueSource(strings = {"512", "4k"})
  void aDiskInADataFileLosesWholeL2Tables(String clusterSize) {
    Path image = directory.resolve("outside.qcow2");
    Path data = directory.resolve("outside.data");
    QEMU.create(image, "cluster_size=" + clusterSize + ",data_file=" + data, 16 << 20);
    QEMU.io(image, "write -P 3 0 16M");

    assertThat(OurRun.asQemuImg("resize", "--shrink", image.toString(), "16k").stderr()).isEmpty();

    QEMU.assertCheckClean(image);
    QEMU.io(image, "read -P 3 0 16k");
  }

  @ParameterizedTest
  @CsvSource({
    "cluster_size=64k, metadata, write 0 4k",
    "cluster_size=64k, metadata, write -z 2M 32k",
    "cluster_size=64k, metadata, write -P 5 2050k 4k",
    "cluster_size=2M, metadata, write 0 4k",
    "cluster_size=2M, full, write 0 4k",
    "cluster_size=2M, falloc, write -z 2M 32k",
    "extended_l2=on, metadata, write 0 4k",
    "extended_l2=on, metadata, write -P 5 2050k 4k",
    "extended_l2=on, full, write -z 2M 32k",
  })
  void whatIsPreallocatedBeginsWithinTheLastClusterOfTheOldDisk(
      String options, String mode, String command) throws IOException {
    Path image = directory.resolve("within.qcow2");
    QEMU.create(image, options, 2080 << 10);
    QEMU.io(image, command);
    Path old = directory.resolve("old.raw");
    QEMU.convertToRaw(image, "qcow2", old);

    OurRun run = OurRun.asQemuImg("resize", "--preallocation=" + mode, image.toString(), "+80k");

    assertThat(run.exitCode()).as("%s", run).isZero();
    QEMU.assertCheckClean(image);
    QEMU.img("resize", "-q", "-f", "raw", old.toString(), "+80k").orFail();
    assertThat(QEMU.img("compare", image.toString(), old.toString()).exitCode()).isZero();
    long lengthBytes = Files.size(image);
    QEMU.io(image, "write -P 6 2080k 80k");
    assertThat(Files.size(image)).isEqualTo(lengthBytes);
    Files.delete(old);
    Files.delete(image);
  }

  @Test
  void whatIsPreallocatedTakesItsStorageAtOnce() throws IOException {
    Path image = directory.resolve("filled.qcow2");
    QEMU.create(image, "", 1 << 20);
    OurRun run = OurRun.asQemuImg("resize", "--preallocation=full", image.toString(), "9M");
    assertThat(run.stdout()).isEqualTo("Image resized.\n");
    assertThat(QEMU.mapJson(image))
        .contains("\"start\": 1048576, \"length\": 8388608, \"depth\": 0, \"present\": true")
        .contains("\"data\": true, \"offset\": ");
    assertThat(Files.size(image)).isGreaterThan(8 << 20);
  }

  /** Where the new disk or the backing file ends within a cluster, that one was written. */
  @ParameterizedTest
  @CsvSource({
    "'', 700k",
    "'', 4M",
    "cluster_size=4k, 702k",
    "cluster_size=4k, 4M",
    "extended_l2=on, 701k",
    "extended_l2=on, 4M",
  })
  void aGrownOverlayNeedsNoStorageToHideItsBackingFile(String options, String size)
      throws IOException {
    Workbench bench = Workbench.in(directory);
    Path base = bench.image("hidden.qcow2", "", 1573376, "write -P 7 0 1573376");
    Path overlay = bench.path("grown.qcow2");
    QEMU.createOverlay(overlay, options, "hidden.qcow2", "qcow2");
    QEMU.img("resize", "-q", "--shrink", overlay.toString(), "128k").orFail();

    assertThat(OurRun.asQemuImg("resize", overlay.toString(), size).stderr()).isEmpty();

    assertThat(QEMU.mapJson(overlay))
        .doesNotContainPattern("\"depth\": 0, [^}]*\"data\": true")
        .contains("\"depth\": 0, \"present\": true, \"zero\": true");
    QEMU.io(overlay, "read -P 7 0 128k", "read -P 0 128k 572k");
    Files.delete(overlay);
    Files.delete(base);
  }

  @Test
  void anImageInUseIsNotChanged() throws IOException {
    Path image = Files.copy(commands.master().resolve("a.qcow2"), directory.resolve("used.qcow2"));
    byte[] before = Files.readAllBytes(image);
    try (HeldImage holder = HeldImage.open(image, "qcow2", "-r")) {
      OurRun run = OurRun.asQemuImg("resize", image.toString(), "2M");
      assertThat(run.stderr())
          .isEqualTo(QEMU.img("resize", image.toString(), "2M").stderr())
          .contains("Failed to get");
      assertThat(holder).isNotNull();
    }
    assertThat(Files.readAllBytes(image)).isEqualTo(before);
  }
}
