package io.github.qcow4j.cli.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.testing.QemuTools;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The chain that the demo makes with shell alone is one that QEMU, too, finds sound. */
class DemoChainTest {

  private static final Path SCRIPT = Path.of("src/demo/make-chain");
  private static final List<String> IMAGES = List.of("base.qcow2", "middle.qcow2", "disk.qcow2");

  @TempDir private Path directory;

  @Test
  void weReadTheChainAsTheScriptSays() throws Exception {
    makeChain();
    try (DiskImage disk =
        DiskImages.open(
            Volumes.host(),
            directory.resolve("disk.qcow2"),
            ReferencePolicy.sameDirectory(),
            ImageOptions.of(ImageFormat.QCOW2))) {
      ByteBuffer content = ByteBuffer.allocate(Math.toIntExact(disk.virtualSize()));
      disk.read(0, content);

      assertThat(disk.layers()).hasSize(3);
      assertThat(content.array()).isEqualTo(Files.readAllBytes(directory.resolve("expected.raw")));
    }
  }

  @Test
  void qemuFindsNothingWrongAndReadsTheSame() throws Exception {
    QemuTools qemu = QemuTools.require().in(directory);
    makeChain();

    for (String image : IMAGES) {
      qemu.assertCheckClean(directory.resolve(image));
    }
    qemu.convertToRaw(directory.resolve("disk.qcow2"), directory.resolve("by-qemu.raw"));
    assertThat(directory.resolve("by-qemu.raw"))
        .hasSameBinaryContentAs(directory.resolve("expected.raw"));
  }

  private void makeChain() throws Exception {
    Process script =
        new ProcessBuilder("sh", SCRIPT.toString(), directory.toString())
            .redirectErrorStream(true)
            .start();
    String output = new String(script.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(script.waitFor()).as(output).isZero();
    assertThat(output).isEmpty();
  }
}
