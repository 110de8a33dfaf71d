package io.github.qcow4j.qcow2.write;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.nativeio.Volumes;
import io.github.qcow4j.qcow2.AmendRequest;
import io.github.qcow4j.qcow2.Amendment;
import io.github.qcow4j.qcow2.DiskImages;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.bitmap.BitmapChange;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.error.LimitExceededException;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.testing.HeaderExtensions;
import io.github.qcow4j.qcow2.testing.HeaderExtensions.Extension;
import io.github.qcow4j.qcow2.testing.ImageSurgeon;
import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A change that ends in a new header, of an image whose header cluster has no room for it: refused
 * before it has written a byte.
 */
class HeaderWithoutRoomTest {

  private static final int UNKNOWN_TYPE = 0x7175_6634;
  private static final int END_MARK_BYTES = 8;

  @TempDir Path directory;

  /** A header that stands in the way of every other. */
  enum Header {
    /** The names of the features, which every new header has, are not in it, and it is full. */
    FULL(65_536, 65_536 - 112 - 32 - 8 - END_MARK_BYTES),
    /** It would fit, but not beside the old one, and neither into one sector. */
    CROWDED(1024, 600);

    private final int clusterSize;
    private final int unknownBytes;

    Header(int clusterSize, int unknownBytes) {
      this.clusterSize = clusterSize;
      this.unknownBytes = unknownBytes;
    }

    /** What nobody knows comes first: a new header has it last. */
    void fill(ImageSurgeon surgeon) {
      byte[] bitmaps =
          surgeon.extensions().list().stream()
              .filter(each -> each.type() == HeaderExtensions.BITMAPS)
              .map(Extension::content)
              .findFirst()
              .orElseThrow();
      HeaderExtensions _ =
          surgeon
              .extensions()
              .remove(HeaderExtensions.FEATURE_NAMES)
              .remove(HeaderExtensions.BITMAPS)
              .append(UNKNOWN_TYPE, Workbench.randomBytes(unknownBytes, 7))
              .append(HeaderExtensions.BITMAPS, bitmaps);
    }
  }

  /** A change of a disk of 8 MiB with a bitmap. */
  enum Change {
    REFCOUNT_WIDTH(disk -> amend(disk, AmendRequest.NOTHING.withRefcountOrder(5))),
    LAZY_REFCOUNTS(disk -> amend(disk, AmendRequest.NOTHING.withLazyRefcounts(true))),
    BITMAP_ADD(disk -> disk.changeBitmaps(List.of(new BitmapChange.Add("b1", 0)))),
    BITMAP_CLEAR(disk -> disk.changeBitmaps(List.of(new BitmapChange.Clear("b0")))),
    BITMAP_REMOVE(disk -> disk.changeBitmaps(List.of(new BitmapChange.Remove("b0")))),
    GROW(disk -> disk.resize(16 << 20)),
    GROW_WITH_L1(disk -> disk.resize(16L << 30)),
    SHRINK(disk -> disk.resize(1 << 19));

    @SuppressWarnings("ImmutableEnumChecker") // Functions without state.
    private final Action action;

    Change(Action action) {
      this.action = action;
    }
  }

  /** Something done to an open image. */
  @FunctionalInterface
  interface Action {
    void run(Qcow2Image disk) throws IOException;
  }

  static Stream<Arguments> changes() {
    return Stream.of(Header.values())
        .flatMap(header -> Stream.of(Change.values()).map(change -> Arguments.of(header, change)));
  }

  @ParameterizedTest
  @MethodSource("changes")
  void aChangeIsRefusedBeforeItWrites(Header header, Change change) throws IOException {
    Path image = image(header);
    byte[] before = Files.readAllBytes(image);
    assertThatThrownBy(() -> run(image, change.action)).isInstanceOf(LimitExceededException.class);
    assertThat(Files.readAllBytes(image)).isEqualTo(before);
  }

  @ParameterizedTest
  @EnumSource
  void whatOnlyChangesNumbersIsDone(Header header) throws IOException {
    Path image = image(header);
    run(image, disk -> disk.createSnapshot("second", Instant.EPOCH));
    Workbench.in(directory).qemu().assertCheckClean(image);
    assertThat(Workbench.in(directory).qemu().infoJson(image)).contains("\"second\"");
  }

  private Path image(Header header) {
    Workbench bench = Workbench.in(directory);
    Path image =
        bench.image(
            "image.qcow2", "cluster_size=" + header.clusterSize, 8 << 20, "write -P 7 0 2M");
    bench.snapshot(image, "first");
    bench.write(image, "write -P 8 0 64k");
    bench.qemu().img("bitmap", "--add", image.toString(), "b0").orFail();
    ImageSurgeon.operate(image, header::fill);
    bench.qemu().assertCheckClean(image);
    return image;
  }

  private static void amend(Qcow2Image disk, AmendRequest request) throws IOException {
    Amendment.run(disk, request, new JobControl());
  }

  private static void run(Path image, Action action) throws IOException {
    try (Qcow2Image disk =
        (Qcow2Image)
            DiskImages.open(
                Volumes.host(),
                image,
                ReferencePolicy.deny(),
                ImageOptions.of(ImageFormat.QCOW2).withWriting())) {
      action.run(disk);
    }
  }
}
