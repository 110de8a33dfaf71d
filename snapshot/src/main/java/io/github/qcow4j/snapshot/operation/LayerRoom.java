package io.github.qcow4j.snapshot.operation;

import io.github.qcow4j.qcow2.ChainRoom;
import io.github.qcow4j.qcow2.ImageFormat;
import io.github.qcow4j.qcow2.ImageOptions;
import io.github.qcow4j.qcow2.chain.ReferencePolicy;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.header.FormatLimits;
import io.github.qcow4j.qcow2.header.Qcow2Header;
import io.github.qcow4j.qcow2.inspect.ChainSurvey;
import io.github.qcow4j.qcow2.inspect.ImageSummary;
import io.github.qcow4j.qcow2.inspect.SurveyedLayer;
import io.github.qcow4j.snapshot.catalogue.BoxRow;
import io.github.qcow4j.snapshot.catalogue.ChainOutline;
import io.github.qcow4j.snapshot.catalogue.ImageRow;
import io.github.qcow4j.snapshot.catalogue.Images;
import io.github.qcow4j.snapshot.intake.StagedDisk;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * Whether one more layer on an image of a home could still be opened: asked before it is made. How
 * long the L1 tables are the headers say and not the catalogue, but for nearly all chains what that
 * knows is enough.
 */
final class LayerRoom {

  /** With the smallest clusters an L2 table is of 512 bytes, and maps 64 of them. */
  private static final long LEAST_BYTES_OF_L1_ENTRY = 32 << 10;

  private LayerRoom() {}

  /** Requires it of the live disks of a box. */
  static void requireOnLive(Home home, BoxRow box) throws IOException {
    List<LiveDisk> disks = home.read(rows -> LiveDisk.of(rows, box.id()));
    requireOnLive(home, disks);
  }

  /** The same, when the disks are known. */
  static void requireOnLive(Home home, List<LiveDisk> disks) throws IOException {
    for (LiveDisk live : disks) {
      require(home, live.disk().image(), live.chain());
    }
  }

  /** Requires it of any image. */
  static void requireOn(Home home, ImageRow image) throws IOException {
    require(home, image, home.read(rows -> new Images(rows).outline(image.id())));
  }

  private static void require(Home home, ImageRow image, ChainOutline chain) throws IOException {
    if (mostL1Bytes(image, chain) > FormatLimits.MAX_CHAIN_L1_BYTES) {
      ImageFormat format = ImageFormat.byLabel(image.format()).orElseThrow();
      requireByHeaders(home, home.layout().resolve(image.file()), format, home.policy());
    }
  }

  /** Requires it of what comes from outside. */
  static void requireOn(Home home, StagedDisk disk) throws IOException {
    requireByHeaders(home, disk.path(), disk.format(), home.externals());
  }

  /**
   * Hypervisors change the size of a live disk: its table may be the longest, and the new one.
   * Those below are taken for as large as the catalogue says it was, since a row for each would
   * have to be looked up.
   */
  private static long mostL1Bytes(ImageRow image, ChainOutline chain) {
    if (chain.leavesHome()) {
      return Long.MAX_VALUE;
    }
    long eachBytes =
        Math.min(
            FormatLimits.MAX_L1_BYTES,
            (image.virtualSizeBytes() / LEAST_BYTES_OF_L1_ENTRY + 1) * Long.BYTES);
    return 2 * FormatLimits.MAX_L1_BYTES + (chain.depth() - 1) * eachBytes;
  }

  /** As far as the headers go: what is missing further down no new layer brings back. */
  private static void requireByHeaders(
      Home home, Path path, ImageFormat format, ReferencePolicy policy) throws IOException {
    ImageOptions options = NewImages.options(format).withSharing(ImageOptions.Sharing.FORCE_SHARE);
    ChainRoom room = ChainRoom.NONE;
    long sizeBytes = 0;
    for (SurveyedLayer layer : ChainSurvey.survey(home.volume(), path, policy, options)) {
      if (layer instanceof SurveyedLayer.Present present) {
        ImageSummary summary = present.summary();
        Qcow2Header header = summary.header();
        room = header == null ? room : room.plus(header.l1Entries());
        sizeBytes = sizeBytes == 0 ? summary.virtualSizeBytes() : sizeBytes;
      }
    }
    room.plus(ImageSpec.ofSize(sizeBytes).l1Entries()).require(path);
  }
}
