package io.github.qcow4j.cli.image;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.cli.testing.OurRun;
import io.github.qcow4j.qcow2.testing.Feature;
import io.github.qcow4j.qcow2.testing.ImageSurgeon;
import io.github.qcow4j.qcow2.testing.ImageZoo;
import io.github.qcow4j.qcow2.testing.QemuTools;
import io.github.qcow4j.qcow2.testing.ToolRun;
import io.github.qcow4j.qcow2.testing.ZooImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Comparisons end as qemu-img's, at the same offset. */
final class CompareAgreementTest {

  private final ImageZoo zoo = ImageZoo.shared();
  private final QemuTools qemu = QemuTools.require();

  @TempDir Path directory;

  @Test
  void everyImageEqualsItselfStrictly() {
    zoo.forEach(
        zoo.stream().filter(ImageZoo.oneIn(5)),
        image -> assertSame("compare", "-s", image.path(), image.path()));
  }

  @Test
  void copiesAreTheSameAndOneChangedSectorIsFound() {
    zoo.forEach(chosen(), this::compareWithCopies);
  }

  @Test
  void neighboursDifferAtTheSameOffset() {
    List<ZooImage> images = chosen().toList();
    for (int i = 1; i < images.size(); i++) {
      Path before = images.get(i - 1).path();
      assertSame("compare", before, images.get(i).path());
      assertSame("compare", "-q", images.get(i).path(), before);
    }
  }

  @Test
  void optionsThatExcludeEachOtherSayNothingOfTheImages() {
    Path image = directory.resolve("image.qcow2");
    qemu.create(image, "", 1 << 20);
    String described = "driver=qcow2,file.filename=" + image;
    assertSame("compare", "--image-opts", "-f", "qcow2", described, described);
    assertSame("compare", "--image-opts", "-F", "qcow2", described, described);
  }

  /** A piece of 2 MiB is compared in steps of 256 KiB, or of a cluster where that is larger. */
  @ParameterizedTest
  @ValueSource(strings = {"cluster_size=64k", "cluster_size=512k", "cluster_size=2M"})
  void oneChangedByteIsFoundOnEitherSideOfEachStep(String options) {
    Path raw = directory.resolve("disk.raw");
    Path plain = directory.resolve("plain.qcow2");
    Path packed = directory.resolve("packed.qcow2");
    int sizeBytes = 5 << 20;
    qemu.create(plain, options, sizeBytes);
    qemu.io(plain, "write -P 1 0 " + sizeBytes);
    qemu.convertToRaw(plain, raw);
    qemu.img("convert", "-c", "-O", "qcow2", "-o", options, raw.toString(), packed.toString())
        .orFail();
    for (int step = 256 << 10; step < sizeBytes; step += 256 << 10) {
      for (int offset : new int[] {step - 1, step}) {
        qemu.ioFormat("raw", raw, "write -P 2 " + offset + " 1");
        assertSame("compare", "-F", "raw", plain, raw);
        assertSame("compare", "-f", "raw", raw, packed);
        qemu.ioFormat("raw", raw, "write -P 1 " + offset + " 1");
      }
    }
    assertSame("compare", "-F", "raw", plain, raw);
  }

  /** Clusters that are read together are told of one by one where one of them cannot be read. */
  @Test
  void aDamagedClusterIsToldOfByItselfAndAfterAnEarlierDifference() throws IOException {
    Path raw = directory.resolve("disk.raw");
    Path packed = directory.resolve("packed.qcow2");
    byte[] disk = new byte[1 << 20];
    Random random = new Random(5);
    for (int i = 0; i < disk.length; i += 3) {
      disk[i] = (byte) random.nextInt();
    }
    Files.write(raw, disk);
    qemu.img("convert", "-c", "-f", "raw", "-O", "qcow2", raw.toString(), packed.toString())
        .orFail();
    ImageSurgeon.operate(
        packed,
        surgeon -> surgeon.write(surgeon.compressedEntry(2 << 16).hostOffset() + 9, new byte[99]));

    assertSameFailure("compare", "-f", "raw", raw.toString(), packed.toString());
    assertSameFailure("compare", "-F", "raw", packed.toString(), raw.toString());
    qemu.ioFormat("raw", raw, "write -P 2 65537 1");
    assertSame("compare", "-f", "raw", raw, packed);
    qemu.ioFormat("raw", raw, "write -P 2 1 1");
    assertSame("compare", "-F", "raw", packed, raw);
  }

  /** The tail of the longer disk begins within a sector, and its sectors are counted from there. */
  @ParameterizedTest
  @CsvSource({
    "511, 512, 511",
    "513, 1024, 600",
    "1000, 5000, 1000",
    "1000, 5000, 4999",
    "65537, 70000, 65537",
    "65537, 70000, 65536",
    "2097153, 6000001, 5000000",
    "2097153, 6000001, 6000000"
  })
  void differencesBehindAnOddEndAreAtTheSameOffset(int shorter, int longer, int difference)
      throws IOException {
    Path first = directory.resolve("shorter.raw");
    Path second = directory.resolve("longer.raw");
    byte[] disk = new byte[longer];
    Arrays.fill(disk, 0, shorter, (byte) 1);
    Files.write(first, Arrays.copyOf(disk, shorter));
    disk[difference] = 2;
    Files.write(second, disk);
    assertSame("compare", "-f", "raw", "-F", "raw", first, second);
    assertSame("compare", "-f", "raw", "-F", "raw", second, first);
  }

  /** Each is converted and compared several times. */
  private Stream<ZooImage> chosen() {
    return zoo.stream().filter(ImageZoo.oneIn(13)).filter(image -> !image.has(Feature.HUGE));
  }

  private void compareWithCopies(ZooImage image) {
    Path raw = directory.resolve("copy.raw");
    Path qcow2 = directory.resolve("copy.qcow2");
    qemu.convertToRaw(image.path(), raw);
    qemu.img("convert", "-f", "qcow2", "-O", "qcow2", image.path().toString(), qcow2.toString())
        .orFail();
    assertSame("compare", "-f", "qcow2", "-F", "raw", image.path(), raw);
    assertSame("compare", "-s", "-f", "raw", raw, image.path());
    assertSame("compare", image.path(), qcow2);
    assertSame("compare", "-s", qcow2, image.path());
    if (image.virtualSizeBytes() > 0) {
      Random random = new Random(image.number());
      long sectors = image.virtualSizeBytes() / 512;
      long offset = random.nextLong(sectors) * 512;
      qemu.ioFormat("raw", raw, "write -P 231 " + offset + " 512");
      assertSame("compare", "-F", "raw", image.path(), raw);
      assertSame("compare", "-f", "raw", raw, qcow2);
    }
    try {
      Files.delete(raw);
      Files.delete(qcow2);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Of why it cannot be read we say more. */
  private void assertSameFailure(String... command) {
    ToolRun theirs = qemu.img(command);
    OurRun ours = OurRun.asQemuImg(List.of(command));
    String place = theirs.stderr().substring(0, theirs.stderr().lastIndexOf(':'));
    assertThat(place).contains("Error while reading offset 131072 of ");
    assertThat(ours.stderr()).startsWith(place);
    assertThat(ours.exitCode()).isEqualTo(theirs.exitCode());
  }

  private void assertSame(Object... command) {
    List<String> arguments = new ArrayList<>();
    for (Object word : command) {
      arguments.add(word.toString());
    }
    ToolRun theirs = qemu.img(arguments);
    OurRun ours = OurRun.asQemuImg(arguments);
    assertThat(ours.stdout()).as("%s", arguments).isEqualTo(theirs.stdout());
    assertThat(ours.stderr()).as("%s", arguments).isEqualTo(theirs.stderr());
    assertThat(ours.exitCode()).as("%s", arguments).isEqualTo(theirs.exitCode());
  }
}
