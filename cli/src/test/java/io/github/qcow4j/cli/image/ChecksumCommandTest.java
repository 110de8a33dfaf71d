package io.github.qcow4j.cli.image;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChecksumCommandTest {

  private static final long DISK_BYTES = 5 << 20;

  @TempDir private Path directory;

  private Workbench bench;
  private Path overlay;

  @BeforeEach
  void makeImages() {
    bench = Workbench.in(directory);
    bench.image("base.qcow2", "", DISK_BYTES, "write -P 3 0 64k", "write -P 9 3M 1M");
    overlay = bench.overlay("top.qcow2", "", "base.qcow2", "write -P 4 100k 2M", "write -z 3M 64k");
  }

  @Test
  void theSumOfAChainIsThatOfItsRawBytes() throws Exception {
    byte[] raw = raw(overlay);
    assertThat(run("checksum", overlay)).isEqualTo(sha256(raw) + "  " + overlay + "\n");
    assertThat(run("checksum", "--algorithm=crc32c", overlay))
        .isEqualTo(crc32c(raw) + "  " + overlay + "\n");
  }

  @Test
  void formatAndCompressionMakeNoDifference() throws Exception {
    Path raw = directory.resolve("disk.raw");
    bench.qemu().convertToRaw(overlay, raw);
    OurRun.asQcow4j("convert", "-c", "-O", "qcow2", overlay.toString(), path("packed.qcow2"));
    for (String algorithm : new String[] {"sha256", "crc32c"}) {
      String line = run("checksum", "--algorithm", algorithm, overlay);
      String sum = line.substring(0, line.indexOf(' '));
      assertThat(run("checksum", "--algorithm", algorithm, "-f", "raw", raw)).startsWith(sum);
      assertThat(run("checksum", "--algorithm", algorithm, path("packed.qcow2"))).startsWith(sum);
    }
  }

  @Test
  void aSnapshotHasItsOwn() throws Exception {
    String before = run("checksum", overlay);
    bench.snapshot(overlay, "then");
    bench.write(overlay, "write -P 77 4M 64k");
    assertThat(run("checksum", overlay)).isNotEqualTo(before);
    assertThat(run("checksum", "-l", "then", overlay)).isEqualTo(before);
  }

  @Test
  void anEmptyDiskHasTheSumOfItsZeros() throws Exception {
    Path empty = bench.image("empty.qcow2", "", DISK_BYTES);
    byte[] zeros = new byte[(int) DISK_BYTES];
    assertThat(run("checksum", empty)).startsWith(sha256(zeros));
    assertThat(run("checksum", "--algorithm=crc32c", empty)).startsWith(crc32c(zeros));
  }

  @Test
  void programsReadItAsJson() throws Exception {
    assertThat(run("checksum", "--output=json", overlay))
        .isEqualTo(
            """
            {
                "filename": "%s",
                "format": "qcow2",
                "virtual-size": 5242880,
                "algorithm": "sha256",
                "checksum": "%s"
            }
            """
                .formatted(overlay, sha256(raw(overlay))));
  }

  @Test
  void whatCannotBeReadHasNone() {
    Path cut = bench.copy(directory.resolve("base.qcow2"), "damaged.qcow2");
    bench.operate(cut, image -> image.setL1Entry(0, 0x12345));
    OurRun run = OurRun.asQcow4j("checksum", cut.toString());
    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.stdout()).isEmpty();
    assertThat(run.stderr()).contains("reading offset 0 of " + cut).hasLineCount(1);
  }

  @Test
  void anUnknownAlgorithmIsNamed() {
    OurRun run = OurRun.asQcow4j("checksum", "--algorithm=md5", overlay.toString());
    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.stderr())
        .contains("Unknown algorithm 'md5': --algorithm takes sha256 or crc32c");
  }

  private String path(String name) {
    return directory.resolve(name).toString();
  }

  private static String run(Object... arguments) {
    String[] words = new String[arguments.length];
    for (int i = 0; i < words.length; i++) {
      words[i] = arguments[i].toString();
    }
    OurRun run = OurRun.asQcow4j(words);
    assertThat(run.exitCode()).as("%s", run).isZero();
    return run.stdout();
  }

  private byte[] raw(Path image) throws Exception {
    Path raw = directory.resolve("reference.raw");
    bench.qemu().convertToRaw(image, raw);
    return Files.readAllBytes(raw);
  }

  private static String sha256(byte[] bytes) throws Exception {
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
  }

  private static String crc32c(byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    return HexFormat.of().toHexDigits((int) crc.getValue());
  }
}
