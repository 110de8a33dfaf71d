package io.github.qcow4j.cli.image;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.qcow2.testing.QemuTools;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The cluster in which a disk ended, when the disk becomes longer. */
final class GrownDiskTest {

  private static final QemuTools QEMU = QemuTools.require();

  @TempDir private Path directory;

  /** QEMU shows it again, see {@link TwinGrowth}. */
  @ParameterizedTest
  @CsvSource({
    "'', write -P 7 0 64k",
    "compat=0.10, write -P 7 0 64k",
    "extended_l2=on, write -P 7 0 64k",
    "extended_l2=on, write -P 7 32k 4k",
  })
  void whatAShrinkCutOffStaysAway(String options, String write) {
    Path image = Workbench.in(directory).image("disk.qcow2", options, 64 << 10, write);

    assertThat(OurRun.asQemuImg("resize", "--shrink", image.toString(), "17k").exitCode()).isZero();
    assertThat(OurRun.asQemuImg("resize", image.toString(), "1M").exitCode()).isZero();

    QEMU.assertCheckClean(image);
    QEMU.io(image, "read -P 0 17k 1007k");
  }

  /** Half of the cluster is the backing file's. */
  @ParameterizedTest
  @ValueSource(strings = {"metadata", "falloc", "full"})
  void theClusterInWhichTheDiskEndedHasItsPlaceToo(String preallocation) {
    Workbench bench = Workbench.in(directory);
    bench.image("base.qcow2", "", 96 << 10, "write -P 7 0 96k");
    Path overlay = bench.path("overlay.qcow2");
    QEMU.createOverlay(overlay, "", "base.qcow2", "qcow2");
    QEMU.img("resize", "-q", overlay.toString(), "97k").orFail();

    assertThat(
            OurRun.asQemuImg("resize", "--preallocation=" + preallocation, overlay.toString(), "1M")
                .exitCode())
        .isZero();

    QEMU.assertCheckClean(overlay);
    assertThat(QEMU.mapJson(overlay))
        .containsPattern("\"start\": 65536, \"length\": [0-9]+, \"depth\": 0");
    QEMU.io(overlay, "read -P 7 0 96k", "read -P 0 96k 928k");
  }

  @ParameterizedTest
  @ValueSource(strings = {"read 64k 1k", "write -z 64k 63k"})
  void aClusterOfZerosNeedsNoStorageBecauseThereIsABackingFile(String command) {
    Workbench bench = Workbench.in(directory);
    bench.image("base.qcow2", "", 64 << 10, "write -P 7 0 64k");
    Path overlay = bench.path("overlay.qcow2");
    QEMU.createOverlay(overlay, "", "base.qcow2", "qcow2");
    QEMU.img("resize", "-q", overlay.toString(), "127k").orFail();
    QEMU.io(overlay, command);

    assertThat(OurRun.asQemuImg("resize", overlay.toString(), "1M").exitCode()).isZero();

    QEMU.assertCheckClean(overlay);
    assertThat(QEMU.mapJson(overlay)).doesNotContainPattern("\"depth\": 0, [^}]*\"data\": true");
    QEMU.io(overlay, "read -P 7 0 64k", "read -P 0 64k 960k");
  }
}
