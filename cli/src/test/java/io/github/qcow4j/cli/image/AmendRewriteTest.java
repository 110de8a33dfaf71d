package io.github.qcow4j.cli.image;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.qcow2.testing.QemuTools;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * {@code amend} of cluster size, compression type and subclusters, which {@code qemu-img} has for
 * new images only, and so has the program under that name ({@link AmendAgreementTest}).
 */
final class AmendRewriteTest {

  private final QemuTools qemu = QemuTools.require();
  private Path disk;

  @TempDir Path directory;

  @BeforeEach
  void makeImage() {
    disk = directory.resolve("disk.qcow2");
    qemu.create(disk, "", 4 << 20);
    qemu.io(disk, "write -P 1 0 1M", "write -c -P 2 1M 64k", "write -z 2M 64k");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "cluster_size=4k",
        "cluster_size=2M",
        "compression_type=zstd",
        "extended_l2=on",
        "cluster_size=16k,extended_l2=on,compression_type=zstd,refcount_bits=64,size=6M",
        "compat=0.10,cluster_size=512",
      })
  void theImageIsWrittenAnewAndShowsTheSame(String options) throws IOException {
    Path raw = directory.resolve("before.raw");
    qemu.convertToRaw(disk, raw);
    Object before = Files.getAttribute(disk, "unix:ino");
    OurRun run = OurRun.asQcow4j("amend", "-o", options, disk.toString());

    assertThat(run.stderr()).isEmpty();
    assertThat(run.stdout()).isEmpty();
    assertThat(run.exitCode()).isZero();
    assertThat(Files.getAttribute(disk, "unix:ino")).isNotEqualTo(before);
    qemu.assertCheckClean(disk);
    for (String option : options.split(",", -1)) {
      assertThat(facts()).contains(option);
    }
    assertThat(qemu.img("compare", "-f", "raw", "-F", "qcow2", raw.toString(), disk.toString()))
        .satisfies(compared -> assertThat(compared.stdout()).contains("Images are identical."));
    assertThat(names()).containsExactlyInAnyOrder("before.raw", "disk.qcow2");
  }

  @ParameterizedTest
  @ValueSource(strings = {"cluster_size=64k", "compression_type=zlib,extended_l2=off"})
  void whatTheImageIsAlreadyIsNotDoneAgain(String options) throws IOException {
    byte[] before = Files.readAllBytes(disk);
    Object file = Files.getAttribute(disk, "unix:ino");
    OurRun run = OurRun.asQcow4j("amend", "-o", options, disk.toString());

    assertThat(run.exitCode()).as("%s", run).isZero();
    assertThat(Files.getAttribute(disk, "unix:ino")).isEqualTo(file);
    assertThat(Files.readAllBytes(disk)).isEqualTo(before);
  }

  @Test
  void aLevelCompressesAnewWhatIsCompressed() throws IOException {
    Path content = directory.resolve("content.raw");
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < 200_000; i++) {
      text.append(i * 7919 % 1000).append(' ');
    }
    Files.writeString(content, text);
    qemu.img("convert", "-c", "-O", "qcow2", content.toString(), disk.toString()).orFail();
    long before = Files.size(disk);
    OurRun run =
        OurRun.asQcow4j(
            "amend", "--compression-level", "19", "-o", "compression_type=zstd", disk.toString());

    assertThat(run.exitCode()).as("%s", run).isZero();
    assertThat(Files.size(disk)).isLessThan(before);
    assertThat(facts()).contains("compression_type=zstd");
  }

  @Test
  void progressEndsWithAllOfItAndQuietHasNone() {
    OurRun shown = OurRun.asQcow4j("amend", "-p", "-o", "cluster_size=4k", disk.toString());
    OurRun quiet = OurRun.asQcow4j("amend", "-q", "-p", "-o", "cluster_size=8k", disk.toString());

    assertThat(shown.stdout()).startsWith("    (0.00/100%)\r").endsWith("    (100.00/100%)\r\n");
    assertThat(quiet.stdout()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "cluster_size=3k | Cluster size must be a power of two between 512 and 2048k",
        "cluster_size=4M | Cluster size must be a power of two between 512 and 2048k",
        "compression_type=lzo | Parameter 'compression-type' does not accept value 'lzo'",
        "extended_l2=on,cluster_size=8k | Extended L2 entries are only supported with cluster sizes"
            + " of at least 16384 bytes",
        "extended_l2=on,compat=0.10 | Extended L2 entries are only supported with compatibility"
            + " level 1.1 and above (use version=v3 or greater)",
        "preallocation=full | Invalid parameter 'preallocation'",
      })
  void whatCannotBeIsRefused(String options, String message) throws IOException {
    byte[] before = Files.readAllBytes(disk);
    OurRun run = OurRun.asQcow4j("amend", "-o", options, disk.toString());

    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.stderr()).startsWith("qcow4j: " + message);
    assertThat(Files.readAllBytes(disk)).isEqualTo(before);
  }

  @Test
  void anImageWithInternalSnapshotsIsRefusedAndLeftAsItIs() throws IOException {
    qemu.img("snapshot", "-c", "s", disk.toString()).orFail();
    byte[] before = Files.readAllBytes(disk);
    OurRun run = OurRun.asQcow4j("amend", "-o", "cluster_size=4k", disk.toString());

    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.stderr())
        .isEqualTo(
            "qcow4j: An image with internal snapshots cannot be rewritten"
                + " (feature: internal snapshots)\n");
    assertThat(Files.readAllBytes(disk)).isEqualTo(before);
  }

  /** What the image is, as options say it. */
  private List<String> facts() {
    String info = qemu.infoJson(disk);
    List<String> facts = new ArrayList<>();
    for (String line : info.split("\n", -1)) {
      String[] words = line.strip().replaceAll("[\",]", "").split(": ", -1);
      if (words.length == 2) {
        String name = words[0].replace('-', '_').replace("virtual_size", "size");
        facts.addAll(
            switch (words[1]) {
              case "true" -> List.of(name + "=on");
              case "false" -> List.of(name + "=off");
              default -> List.of(name + "=" + words[1], name + "=" + shortened(words[1]));
            });
      }
    }
    return facts;
  }

  private static String shortened(String number) {
    if (!number.matches("\\d+")) {
      return number;
    }
    long bytes = Long.parseLong(number);
    return bytes >= 1 << 20 ? (bytes >> 20) + "M" : (bytes >> 10) + "k";
  }

  private List<String> names() throws IOException {
    try (var files = Files.list(directory)) {
      return files.map(file -> file.getFileName().toString()).toList();
    }
  }
}
