package io.github.qcow4j.qcow2.convert;

import io.github.qcow4j.qcow2.create.ImageSpec;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;
import java.nio.channels.WritableByteChannel;

/**
 * A qcow2 image of which it is decided where everything stands, so that its length is known before
 * its first byte is written: for containers that tell the length, or a digest, ahead of the bytes.
 * May be written any number of times; comes out the same each time, as long as the sources do not
 * change. {@link StreamConversion#planQcow2} makes it.
 */
public final class PlannedStream {

  private final StreamConversion conversion;
  private final ImageSpec spec;
  private final ClusterPlan plan;
  private final StreamLayout layout;

  PlannedStream(StreamConversion conversion, ImageSpec spec, ClusterPlan plan) throws IOException {
    this.conversion = conversion;
    this.spec = spec;
    this.plan = plan;
    this.layout = new StreamLayout(spec, plan);
  }

  /** How many bytes the image has. */
  public long lengthBytes() {
    return layout.fileBytes();
  }

  /** How many bytes of guest data are in it, whole clusters. */
  public long dataBytes() {
    return plan.plainClusters() << spec.clusterBits();
  }

  /**
   * Writes the image, metadata first.
   *
   * @param channel where to, by one thread at a time, though not always the same; left open
   * @param control counts bytes of the disk, without saying how many to expect
   * @throws IOException as {@link Conversion#run} says
   */
  public ConvertResult writeTo(WritableByteChannel channel, JobControl control) throws IOException {
    StreamSink sink = new StreamSink(channel);
    layout.writeMetadata(sink);
    return conversion.plainClusters(spec, plan, sink, control, (offset, length, cause) -> {});
  }
}
