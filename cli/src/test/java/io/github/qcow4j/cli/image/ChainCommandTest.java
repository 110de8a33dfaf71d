package io.github.qcow4j.cli.image;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.qcow2.testing.JsonText;
import io.github.qcow4j.qcow2.testing.SpecialImages;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code chain} shows what there is of a chain, and what is not. */
final class ChainCommandTest {

  @TempDir Path directory;

  private Path top;

  @BeforeEach
  void makeChain() {
    Workbench bench = Workbench.in(directory);
    bench.file("base.raw", new byte[1 << 20]);
    bench.unsafeOverlay("middle.qcow2", "base.raw", "raw", 2 << 20);
    top = bench.overlay("top.qcow2", "cluster_size=4k", "middle.qcow2");
  }

  @Test
  void isATreeFromTheImageDown() {
    OurRun run = OurRun.asQcow4j("chain", top.toString());

    assertThat(run.exitCode()).isZero();
    assertThat(run.stdout().replaceAll("disk size [0-9.]+ .?iB", "disk size N").lines())
        .containsExactly(
            top + "  qcow2, virtual size 2 MiB, disk size N, cluster size 4 KiB",
            "└─ "
                + directory.resolve("middle.qcow2")
                + "  qcow2, virtual size 2 MiB, disk size N, cluster size 64 KiB",
            "   └─ " + directory.resolve("base.raw") + "  raw, virtual size 1 MiB, disk size N");
  }

  @Test
  void showsTheRestWhenALayerIsMissing() throws Exception {
    Files.delete(directory.resolve("base.raw"));
    OurRun run = OurRun.asQcow4j("chain", top.toString());

    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.stderr()).isEmpty();
    assertThat(run.stdout().lines())
        .hasSize(3)
        .last()
        .isEqualTo(
            "   └─ " + directory.resolve("base.raw") + "  missing: No such file or directory");
  }

  @Test
  void showsWhatIsDenied() {
    OurRun run = OurRun.asQcow4j("chain", "--references=deny", top.toString());

    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.stdout().lines())
        .hasSize(2)
        .last()
        .asString()
        .startsWith("└─ " + directory.resolve("middle.qcow2") + "  denied: ");
  }

  @Test
  void saysTheSameInJson() throws Exception {
    Files.delete(directory.resolve("base.raw"));
    OurRun run = OurRun.asQcow4j("chain", "--output=json", top.toString());

    assertThat(run.exitCode()).isEqualTo(1);
    List<Object> layers = JsonText.array(run.stdout());
    assertThat(layers).hasSize(3);
    assertThat(JsonText.without(layers.getFirst(), "actual-size"))
        .isEqualTo(
            Map.of(
                "filename",
                top.toString(),
                "status",
                "present",
                "format",
                "qcow2",
                "virtual-size",
                2L << 20,
                "cluster-size",
                4096L));
    assertThat(layers.getLast())
        .isEqualTo(
            Map.of(
                "filename", directory.resolve("base.raw").toString(),
                "status", "missing",
                "reason", "No such file or directory"));
  }

  @Test
  void endsALoopWhereItCloses() {
    Path image = SpecialImages.named("loop-of-3").build(directory);
    OurRun run = OurRun.asQcow4j("chain", image.toString());

    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.stdout().lines()).hasSize(4).last().asString().contains("infinite loop");
  }

  @Test
  void isNoCommandOfQemuImg() {
    assertThat(OurRun.asQemuImg("chain", top.toString()).stderr())
        .startsWith("qemu-img: Command not found: chain\n");
  }

  @Test
  void anImageThatCannotBeOpenedIsAnError() {
    OurRun run = OurRun.asQcow4j("chain", directory.resolve("gone").toString());

    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.stdout()).isEmpty();
    assertThat(run.stderr()).startsWith("qcow4j: Could not open '");
  }
}
