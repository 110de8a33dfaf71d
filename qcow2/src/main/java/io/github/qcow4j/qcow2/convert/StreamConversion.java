package io.github.qcow4j.qcow2.convert;

import io.github.qcow4j.qcow2.DiskImage;
import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.header.FormatLimits;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.transfer.Offload;
import java.io.IOException;
import java.nio.channels.WritableByteChannel;
import java.util.List;
import java.util.Set;

/**
 * Converts images to a stream: a pipe, a socket, standard output. What was written when a
 * conversion fails is the receiver's to throw away.
 *
 * <p>A qcow2 image begins with where its clusters stand, so these are planned in a first pass over
 * the sources and written in a second one. Plain clusters are planned by the sources' extents
 * alone, without reading: zeros that a source stores as data are sent as data. Compressed clusters
 * have to be compressed to be planned, and are compressed again to be sent, which takes twice the
 * time but neither memory nor a file to keep them in.
 */
public final class StreamConversion {

  private final List<DiskImage> sources;
  private final ConvertOptions options;
  private final JobControl control;

  private StreamConversion(List<DiskImage> sources, ConvertOptions options, JobControl control) {
    this.sources = sources;
    this.options = options;
    this.control = control;
  }

  /**
   * Writes the disk's bytes as they are.
   *
   * @param sources the disks, one behind the other; left open
   * @param channel where to; left open
   * @param options how
   * @param control counts bytes of the disk
   * @param salvageListener hears of what could not be read; called only when salvaging
   * @throws IOException as {@link Conversion#run} says
   */
  public static ConvertResult toRaw(
      List<DiskImage> sources,
      WritableByteChannel channel,
      ConvertOptions options,
      JobControl control,
      Conversion.SalvageListener salvageListener)
      throws IOException {
    return Conversion.run(
        sources, new RawStreamTarget(new StreamSink(channel)), options, control, salvageListener);
  }

  /**
   * Writes a qcow2 image, metadata first. The sources must not change meanwhile; when a compressed
   * cluster comes out otherwise than planned, the conversion fails.
   *
   * @param sources the disks, one behind the other; left open
   * @param spec the image; its size is the sources'. With a backing name only the topmost layer of
   *     the source is written
   * @param storage how clusters are stored; always in the order of the disk
   * @param channel where to; left open
   * @param options how
   * @param control counts bytes of the disk, once for each pass
   * @param salvageListener hears of what could not be read; called only when salvaging
   * @throws io.github.qcow4j.qcow2.error.LimitExceededException when the disk is too large for its
   *     clusters; nothing is written then
   * @throws IOException as {@link Conversion#run} says
   */
  public static ConvertResult toQcow2(
      List<DiskImage> sources,
      ImageSpec spec,
      Qcow2Targets.Storage storage,
      WritableByteChannel channel,
      ConvertOptions options,
      JobControl control,
      Conversion.SalvageListener salvageListener)
      throws IOException {
    StreamConversion conversion = new StreamConversion(sources, options, control);
    return storage.compressed()
        ? conversion.packed(spec, storage.level(), channel, salvageListener)
        : conversion.plain(spec, channel, salvageListener);
  }

  /**
   * Decides where everything of an image with plain clusters will stand, by the sources' extents
   * alone: the same image that {@link #toQcow2} writes.
   *
   * @param sources the disks, one behind the other; must stay open, and unchanged, as long as the
   *     plan is used
   * @param spec the image, without a backing name; its size is the sources'
   * @param options how to read; without salvaging
   * @param control stops the work; counts nothing
   * @throws io.github.qcow4j.qcow2.error.LimitExceededException when the disk is too large for its
   *     clusters
   * @throws IOException when an extent cannot be told
   */
  public static PlannedStream planQcow2(
      List<DiskImage> sources, ImageSpec spec, ConvertOptions options, JobControl control)
      throws IOException {
    if (spec.backingName() != null || options.salvage()) {
      throw new IllegalArgumentException("neither backing file nor salvaging in a planned stream");
    }
    StreamConversion conversion = new StreamConversion(sources, options, control);
    ClusterPlan plan = emptyPlan(spec);
    conversion.planPlain(new ConvertSource(sources, ConvertTarget.NO_BACKING), spec, plan);
    return new PlannedStream(conversion, spec, plan);
  }

  private static ClusterPlan emptyPlan(ImageSpec spec) {
    return new ClusterPlan(spec.sizeBytes(), spec.clusterBits(), spec.draft().header().l2Entries());
  }

  /** What a stream refers to is not opened here: the receiver may have it elsewhere. */
  private static long backingBytes(ImageSpec spec) {
    return spec.backingName() == null ? ConvertTarget.NO_BACKING : ConvertTarget.UNKNOWN_BACKING;
  }

  private ConvertResult plain(
      ImageSpec spec, WritableByteChannel channel, Conversion.SalvageListener salvageListener)
      throws IOException {
    ClusterPlan plan = emptyPlan(spec);
    ConvertSource source = new ConvertSource(sources, backingBytes(spec));
    planPlain(source, spec, plan);
    StreamLayout layout = new StreamLayout(spec, plan);
    StreamSink sink = new StreamSink(channel);
    layout.writeMetadata(sink);
    control.expect(source.sizeBytes());
    return plainClusters(spec, plan, sink, control, salvageListener);
  }

  private void planPlain(ConvertSource source, ImageSpec spec, ClusterPlan plan)
      throws IOException {
    boolean overBacking = spec.backingName() != null;
    Offload nothing = new Offload(0, new SizingTarget(plan, spec, 0)::copyFrom, Set.of());
    SegmentQueue queue =
        new SegmentQueue(source, options.salvage(), 1 << spec.clusterBits(), nothing);
    for (Segment segment = queue.next(); segment != null; segment = queue.next()) {
      control.checkpoint();
      switch (segment.content()) {
        case DATA, OFFLOADED ->
            plan.mark(segment.offset(), segment.lengthBytes(), ClusterPlan.PLAIN);
        case LEFT_TO_BACKING -> {}
        case ZEROS -> {
          if (options.sparseBytes() == 0 || (overBacking && spec.version() < 3)) {
            plan.mark(segment.offset(), segment.lengthBytes(), ClusterPlan.PLAIN);
          } else if (overBacking) {
            plan.mark(segment.offset(), segment.lengthBytes(), ClusterPlan.ZERO);
          }
        }
      }
    }
  }

  ConvertResult plainClusters(
      ImageSpec spec,
      ClusterPlan plan,
      StreamSink sink,
      JobControl passControl,
      Conversion.SalvageListener salvageListener)
      throws IOException {
    return Conversion.work(
        new PlannedSource(sources, plan, spec.clusterBits(), false),
        new PlainStreamTarget(sink, plan, spec.clusterBits()),
        new ConvertOptions(
            options.parallelism(),
            FormatLimits.SECTOR_BYTES,
            options.salvage(),
            options.bytesPerSecond(),
            false),
        passControl,
        salvageListener);
  }

  private ConvertResult packed(
      ImageSpec spec,
      int level,
      WritableByteChannel channel,
      Conversion.SalvageListener salvageListener)
      throws IOException {
    ClusterPlan plan = emptyPlan(spec);
    ConvertSource source = new ConvertSource(sources, backingBytes(spec));
    control.expect(3 * source.sizeBytes());
    ConvertResult sized =
        Conversion.work(
            source, new SizingTarget(plan, spec, level), options, control, salvageListener);
    StreamLayout layout = new StreamLayout(spec, plan);
    StreamSink sink = new StreamSink(channel);
    layout.writeMetadata(sink);
    Conversion.work(
        new PlannedSource(sources, plan, spec.clusterBits(), true),
        new PackedStreamTarget(sink, plan, spec, level),
        options,
        control,
        (offset, length, cause) -> {});
    if (plan.plainClusters() > 0) {
      sink.padTo(layout.plainOffset());
    }
    plainClusters(spec, plan, sink, control, (offset, length, cause) -> {});
    return sized;
  }
}
