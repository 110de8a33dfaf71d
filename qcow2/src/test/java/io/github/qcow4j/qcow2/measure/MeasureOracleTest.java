package io.github.qcow4j.qcow2.measure;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.create.Preallocation;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.snapshot.InternalSnapshot;
import io.github.qcow4j.qcow2.testing.Feature;
import io.github.qcow4j.qcow2.testing.ImageZoo;
import io.github.qcow4j.qcow2.testing.JsonText;
import io.github.qcow4j.qcow2.testing.QemuTools;
import io.github.qcow4j.qcow2.testing.ToolRun;
import io.github.qcow4j.qcow2.testing.Workbench;
import io.github.qcow4j.qcow2.testing.ZooImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Sizes are those that {@code qemu-img measure} gives. */
class MeasureOracleTest {

  @TempDir Path directory;

  private final QemuTools qemu = QemuTools.require();

  private record Option(String text, MeasureTarget.Qcow2 target) {}

  private static final List<Option> OPTIONS =
      List.of(
          new Option("cluster_size=64k", MeasureTarget.Qcow2.DEFAULT),
          option("compat=0.10", 2, 16, 4, false, Preallocation.OFF),
          option("cluster_size=512", 3, 9, 4, false, Preallocation.OFF),
          option("cluster_size=512,refcount_bits=64", 3, 9, 6, false, Preallocation.OFF),
          option("cluster_size=4k,refcount_bits=1", 3, 12, 0, false, Preallocation.OFF),
          option("cluster_size=2M", 3, 21, 4, false, Preallocation.OFF),
          option("cluster_size=16k,extended_l2=on", 3, 14, 4, true, Preallocation.OFF),
          option("extended_l2=on,refcount_bits=8", 3, 16, 3, true, Preallocation.OFF),
          option("preallocation=metadata", 3, 16, 4, false, Preallocation.METADATA),
          option("preallocation=falloc", 3, 16, 4, false, Preallocation.FALLOC),
          option("preallocation=full", 3, 16, 4, false, Preallocation.FULL),
          new Option(
              "backing_file=b,backing_fmt=raw",
              new MeasureTarget.Qcow2(3, 16, 4, false, Preallocation.OFF, true)));

  private static Option option(
      String text, int version, int clusterBits, int order, boolean extended, Preallocation how) {
    return new Option(
        text, new MeasureTarget.Qcow2(version, clusterBits, order, extended, how, false));
  }

  @Test
  void emptyDisksOfAllSizesTakeWhatQemuSays() throws IOException {
    List<Long> sizes =
        List.of(0L, 1L, 512L, 65_536L, 65_537L, 1L << 20, (1L << 30) + 512, 1L << 40, 1L << 51);
    for (Option option : OPTIONS) {
      for (long size : sizes) {
        ToolRun run = qemu.img(measure("qcow2", "-o", option.text, "--size", Long.toString(size)));
        assertSame(run, () -> ImageMeasure.ofSize(size, option.target));
      }
    }
  }

  @Test
  void rawDisksTakeTheirSizeInWholeSectors() throws IOException {
    for (long size : new long[] {0, 1, 511, 513, 1L << 40}) {
      ToolRun run = qemu.img(measure("raw", "--size", Long.toString(size))).orFail();
      assertThat(json(ImageMeasure.ofSize(size, new MeasureTarget.Raw())))
          .isEqualTo(JsonText.object(run.stdout()));
    }
  }

  @Test
  void copiesOfAllKindsOfImagesTakeWhatQemuSays() {
    ImageZoo zoo = ImageZoo.shared();
    zoo.forEach(
        zoo.stream().filter(ImageZoo.oneIn(5)),
        image -> {
          Option option = OPTIONS.get(image.number() % OPTIONS.size());
          assertSame(
              image, "qcow2", List.of("-o", "cluster_size=64k"), MeasureTarget.Qcow2.DEFAULT);
          assertSame(image, "qcow2", List.of("-o", option.text), option.target);
          assertSame(image, "raw", List.of(), new MeasureTarget.Raw());
        });
  }

  @Test
  void copiesOfInternalSnapshotsTakeWhatQemuSays() {
    ImageZoo.shared()
        .forEach(
            ImageZoo.shared().with(Feature.SNAPSHOTS).filter(ImageZoo.oneIn(3)),
            image -> {
              try (DiskImage disk = open(image.path())) {
                for (InternalSnapshot snapshot : ((Qcow2Image) disk).snapshots()) {
                  List<String> selection = List.of("-l", "snapshot.id=" + snapshot.id());
                  assertSame(
                      image.path(),
                      ((Qcow2Image) disk).openSnapshot(snapshot, disk.virtualSize()),
                      "qcow2",
                      selection,
                      MeasureTarget.Qcow2.DEFAULT);
                }
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });
  }

  @Test
  void bitmapsTakeTheirOwnSpaceWhateverTheirState() throws IOException {
    Path image = Workbench.in(directory).image("image.qcow2", "", 600 << 20, "write 0 1M");
    for (String granularity : List.of("512", "64k", "2M")) {
      String name = "bitmap-with-granularity-" + granularity;
      qemu.img("bitmap", "--add", "-g", granularity, image.toString(), name).orFail();
    }
    qemu.img("bitmap", "--disable", image.toString(), "bitmap-with-granularity-2M").orFail();
    try (DiskImage disk = open(image)) {
      for (Option option : OPTIONS) {
        assertSame(image, disk, "qcow2", List.of("-o", option.text), option.target);
      }
    }
  }

  private void assertSame(
      ZooImage image, String format, List<String> options, MeasureTarget target) {
    try (DiskImage disk = open(image.path())) {
      assertSame(image.path(), disk, format, options, target);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void assertSame(
      Path path, DiskImage disk, String format, List<String> options, MeasureTarget target)
      throws IOException {
    List<String> arguments = new ArrayList<>(options);
    arguments.addAll(List.of("-f", "qcow2", path.toString()));
    assertSame(
        qemu.img(measure(format, arguments.toArray(String[]::new))),
        () -> ImageMeasure.ofCopy(disk, target, new JobControl()));
  }

  /** The same sizes, or the same refusal. */
  private static void assertSame(ToolRun run, Callable<Measurement> ours) throws IOException {
    try {
      Measurement measurement = ours.call();
      assertThat(json(measurement))
          .as(run.toString())
          .isEqualTo(JsonText.object(run.orFail().stdout()));
    } catch (LimitExceededException e) {
      assertThat(run.expectExit(1).stderr()).contains(e.getMessage());
    } catch (IOException | RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private static DiskImage open(Path path) throws IOException {
    return DiskImages.open(
        Volumes.host(), path, ReferencePolicy.allowAndProbe(), ImageOptions.of(ImageFormat.QCOW2));
  }

  private static List<String> measure(String format, String... arguments) {
    List<String> all = new ArrayList<>(List.of("measure", "--output=json", "-O", format));
    all.addAll(List.of(arguments));
    return all;
  }

  private static Map<String, Object> json(Measurement measurement) {
    Map<String, Object> json = new LinkedHashMap<>();
    if (measurement.bitmapsBytes() != null) {
      json.put("bitmaps", measurement.bitmapsBytes());
    }
    json.put("required", measurement.requiredBytes());
    json.put("fully-allocated", measurement.fullyAllocatedBytes());
    return json;
  }
}
