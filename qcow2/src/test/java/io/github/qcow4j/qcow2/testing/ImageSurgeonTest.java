package io.github.qcow4j.qcow2.testing;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ImageSurgeonTest {

  @TempDir Path scratch;
  private Workbench bench;

  @BeforeEach
  void openBench() {
    bench = Workbench.in(scratch);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4, 8, 16, 32, 64})
  void readsAndWritesCountersOfEveryWidth(int widthBits) {
    Path image = bench.image("image.qcow2", "refcount_bits=" + widthBits, 1 << 20, "write 0 640k");
    try (ImageSurgeon surgeon = ImageSurgeon.open(image)) {
      for (int cluster = 0; cluster < 15; cluster++) {
        assertEquals(1, surgeon.refcount(cluster << 16));
      }
      assertEquals(0, surgeon.refcount(20 << 16));
      surgeon.setRefcount(9 << 16, 0);
    }

    String report = bench.qemu().img("check", image.toString()).expectExit(2).stderr();
    assertTrue(report.startsWith("ERROR cluster 9 refcount=0 reference=1\n"), report);
    assertEquals(2, report.lines().count(), report);
  }

  @Test
  void findsEntriesBehindTheFirstL2Table() {
    Path image = bench.image("image.qcow2", "cluster_size=512", 1 << 20, "write -P 7 100000 512");
    try (ImageSurgeon surgeon = ImageSurgeon.open(image)) {
      byte[] content = surgeon.read(surgeon.clusterOffset(100_000), 512);
      assertEquals(7, content[100_000 % 512]);
      assertEquals(0, content[0]);
    }
  }

  @Test
  void findsSubclusterBitmaps() {
    Path image =
        bench.image(
            "image.qcow2",
            "extended_l2=on,cluster_size=16k",
            1 << 20,
            "write 33280 512",
            "write -z 33792 512");
    try (ImageSurgeon surgeon = ImageSurgeon.open(image)) {
      assertEquals(1L << 1 | 1L << 34, surgeon.l2Bitmap(33_280));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {9, 12, 16, 21})
  void takesCompressedEntriesApartAndTogether(int clusterBits) {
    CompressedEntry entry = CompressedEntry.of(0x576e1, 300);
    assertEquals(entry, CompressedEntry.decode(entry.encode(clusterBits), clusterBits));
    assertEquals(0x57A00 - 0x576e1, entry.maxLengthBytes());
  }

  @Test
  void encodesTheExampleOfTheSpecification() {
    assertEquals(0x4ec0_0000_0005_0000L, CompressedEntry.of(0x50000, 30_433).encode(16));
  }

  @Test
  void rewritesExtensionsAndBackingNameSoThatQemuReadsThem() {
    bench.image("one.qcow2", "", 1 << 20, "write -P 1 0 64k");
    bench.image("another.qcow2", "", 1 << 20, "write -P 2 0 64k");
    Path top = bench.overlay("top.qcow2", "", "one.qcow2");
    bench.operate(
        top,
        surgeon ->
            surgeon.extensions().append(0x1234_5678, new byte[11]).setBackingName("another.qcow2"));

    bench.qemu().io(top, "read -P 2 0 64k");
    bench.qemu().assertCheckClean(top);
    try (ImageSurgeon surgeon = ImageSurgeon.open(top)) {
      HeaderExtensions extensions = surgeon.extensions();
      assertArrayEquals(new byte[11], extensions.list().getLast().content());
      byte[] format = surgeon.read(extensions.contentOffset(HeaderExtensions.BACKING_FORMAT), 5);
      assertEquals("qcow2", new String(format, StandardCharsets.US_ASCII));
    }
  }

  @Test
  void appendsClustersThatAreCounted() {
    Path image = bench.image("image.qcow2", "refcount_bits=1", 1 << 20, "write 0 64k");
    bench.operate(image, ImageSurgeon::appendCluster);

    String report = bench.qemu().img("check", image.toString()).expectExit(3).stderr();
    assertEquals("Leaked cluster 6 refcount=1 reference=0\n", report);
  }
}
