package io.github.qcow4j.qcow2.crash;

import io.github.qcow4j.nativeio.simulator.SimulatedVolume;
import io.github.qcow4j.qcow2.Qcow2Image;
import io.github.qcow4j.qcow2.create.Preallocation;
import io.github.qcow4j.qcow2.job.JobControl;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.IntBuffer;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.Deflater;

/**
 * What an image holds, kept beside it as plain bytes. Every change is noted on the volume before it
 * is made, as what a power cut may from then on leave, and once more when it must be durable.
 */
final class DiskModel {

  private final SimulatedVolume volume;
  private final Path image;
  private byte[] content;
  private final List<ByteBuffer> snapshots = new ArrayList<>();
  private final List<DiskVersion> versions = new ArrayList<>();

  /** An image that holds this, durably. */
  DiskModel(SimulatedVolume volume, Path image, byte[] content) {
    this.volume = volume;
    this.image = image;
    this.content = content.clone();
    durable();
  }

  /** All that the image may hold, since it last held something for certain. */
  List<DiskVersion> possible() {
    return List.copyOf(versions);
  }

  byte[] content() {
    return content.clone();
  }

  int sizeBytes() {
    return content.length;
  }

  int snapshotCount() {
    return snapshots.size();
  }

  /** From now on the image may hold the present content of this model. */
  private void begun() {
    note(content, false);
  }

  /** From now on the image holds the present content of this model, and nothing older. */
  void durable() {
    versions.clear();
    note(content, true);
  }

  private void note(byte[] disk, boolean durable) {
    DiskVersion version =
        new DiskVersion(image, ByteBuffer.wrap(disk.clone()), List.copyOf(snapshots), durable);
    versions.add(version);
    volume.mark(version);
  }

  void write(Qcow2Image disk, int from, byte[] data) throws IOException {
    System.arraycopy(data, 0, content, from, data.length);
    begun();
    disk.write(from, ByteBuffer.wrap(data));
  }

  void writeZeroes(Qcow2Image disk, int from, int length, boolean mayUnmap) throws IOException {
    Arrays.fill(content, from, from + length, (byte) 0);
    begun();
    disk.writeZeroes(from, length, mayUnmap);
  }

  /** Without a backing file under version 2, where a discard does nothing. */
  void discard(Qcow2Image disk, int from, int length) throws IOException {
    int clusterSize = disk.header().clusterSize();
    int first = (from + clusterSize - 1) & -clusterSize;
    int end = from + length;
    int last = end == content.length ? end : end & -clusterSize;
    if (first < last) {
      Arrays.fill(content, first, last, (byte) 0);
    }
    begun();
    disk.discard(from, length);
  }

  /**
   * Stores the cluster at {@code from} and some behind it compressed, each filled with a pattern of
   * its own, and every third left as it is.
   */
  void writeCompressed(Qcow2Image disk, int from, int clusters, byte pattern) throws IOException {
    int clusterSize = disk.header().clusterSize();
    int start = from & -clusterSize;
    IntBuffer lengths = IntBuffer.allocate(clusters);
    ByteBuffer streams = ByteBuffer.allocate(clusters * clusterSize);
    for (int i = 0; i < clusters && start + i * clusterSize < content.length; i++) {
      int before = streams.position();
      if (i % 3 != 2) {
        int offset = start + i * clusterSize;
        byte[] cluster = new byte[clusterSize];
        int inside = Math.min(clusterSize, content.length - offset);
        Arrays.fill(cluster, 0, inside, (byte) (pattern + i));
        deflate(cluster, streams);
        System.arraycopy(cluster, 0, content, offset, inside);
      }
      lengths.put(streams.position() - before);
    }
    begun();
    disk.writeCompressed(start, lengths.flip(), streams.flip());
  }

  private static void deflate(byte[] cluster, ByteBuffer target) {
    try (Deflater deflater = new Deflater(1, true)) {
      deflater.setInput(cluster);
      deflater.finish();
      deflater.deflate(target);
    }
  }

  void sync(Qcow2Image disk) throws IOException {
    disk.sync();
    durable();
  }

  /** Makes a change of an image that is durable once it is made. */
  @FunctionalInterface
  interface Means {
    void change() throws IOException;
  }

  private void durably(Means means) throws IOException {
    begun();
    means.change();
    durable();
  }

  void createSnapshot(Qcow2Image disk) throws IOException {
    createSnapshot(() -> disk.createSnapshot("s" + snapshots.size(), Instant.EPOCH));
  }

  void createSnapshot(Means means) throws IOException {
    snapshots.add(ByteBuffer.wrap(content.clone()));
    durably(means);
  }

  void applySnapshot(Qcow2Image disk, int index) throws IOException {
    applySnapshot(index, () -> disk.applySnapshot(disk.snapshots().get(index)));
  }

  void applySnapshot(int index, Means means) throws IOException {
    content = snapshots.get(index).array().clone();
    durably(means);
  }

  void deleteSnapshot(Qcow2Image disk, int index) throws IOException {
    deleteSnapshot(index, () -> disk.deleteSnapshot(disk.snapshots().get(index)));
  }

  void deleteSnapshot(int index, Means means) throws IOException {
    snapshots.remove(index);
    durably(means);
  }

  /**
   * @param below what shows where the overlay holds nothing, or null without a backing file
   */
  void resize(Qcow2Image disk, int newBytes, byte[] below) throws IOException {
    byte[] before = content;
    if (newBytes == before.length) {
      disk.resize(newBytes);
      return;
    }
    content = Arrays.copyOf(before, newBytes);
    if (newBytes < before.length) {
      // What is cut off may go first.
      byte[] lost = before.clone();
      Arrays.fill(lost, newBytes, lost.length, (byte) 0);
      note(lost, false);
      if (below != null) {
        System.arraycopy(
            Arrays.copyOf(below, lost.length), newBytes, lost, newBytes, lost.length - newBytes);
        note(lost, false);
      }
    }
    begun();
    disk.resize(newBytes);
    durable();
  }

  /** Makes the disk larger, by zeros whatever is below, with room or storage for them. */
  void grow(Qcow2Image disk, int newBytes, Preallocation preallocation) throws IOException {
    content = Arrays.copyOf(content, newBytes);
    durably(() -> disk.resize(newBytes, preallocation, new JobControl()));
  }

  /** Whatever was done by other means, the image may hold this from now on. */
  void mayBecome(byte[] newContent) {
    content = newContent.clone();
    begun();
  }
}
