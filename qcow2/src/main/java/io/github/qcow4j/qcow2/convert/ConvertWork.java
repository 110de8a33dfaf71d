package io.github.qcow4j.qcow2.convert;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.CopyResult;
import io.github.qcow4j.qcow2.convert.ConversionPlace.Activity;
import io.github.qcow4j.qcow2.error.UnsupportedFeatureException;
import io.github.qcow4j.qcow2.job.JobCancelledException;
import io.github.qcow4j.qcow2.job.JobControl;
import io.github.qcow4j.qcow2.transfer.FilePlace;
import io.github.qcow4j.qcow2.transfer.Offload;
import io.github.qcow4j.qcow2.transfer.Pace;
import io.github.qcow4j.qcow2.transfer.Turns;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/** The work of one conversion, shared by its threads. */
final class ConvertWork {

  /** A multiple of any cluster; a few milliseconds where zeros have to be written out. */
  private static final long ZERO_PIECE_BYTES = 64 << 20;

  private final ConvertSource source;
  private final ConvertTarget target;
  private final ConvertOptions options;
  private final JobControl control;
  private final Conversion.SalvageListener salvageListener;
  private final Offload offload;
  private final SegmentQueue queue;
  private final @Nullable CompressingTarget compressing;
  private final Turns turns = new Turns();
  private final Pace pace;
  private final boolean countingData;
  private final AtomicBoolean failed = new AtomicBoolean();
  private final LongAdder writtenBytes = new LongAdder();
  private final LongAdder unreadableBytes = new LongAdder();

  /**
   * @param countingData whether progress is what is written, and not what is done with
   */
  ConvertWork(
      ConvertSource source,
      ConvertTarget target,
      ConvertOptions options,
      JobControl control,
      Conversion.SalvageListener salvageListener,
      boolean countingData) {
    this.source = source;
    this.target = target;
    this.options = options;
    this.control = control;
    this.salvageListener = salvageListener;
    this.compressing = target instanceof CompressingTarget compressed ? compressed : null;
    this.offload = new Offload(target.copyUnitBytes(), target::copyFrom, options.ways());
    this.queue = newQueue();
    this.countingData = countingData;
    this.pace = new Pace(options.bytesPerSecond(), control);
  }

  private SegmentQueue newQueue() {
    int unitBytes = compressing == null ? 1 : compressing.clusterSize();
    return new SegmentQueue(source, options.salvage(), unitBytes, offload);
  }

  /** Says how much there is to be written, by the extents alone. */
  void expectData() throws IOException {
    SegmentQueue all = newQueue();
    long bytes = 0;
    for (Segment segment = all.next(); segment != null; segment = all.next()) {
      control.checkpoint();
      bytes += countedBytes(segment);
    }
    control.expect(bytes);
  }

  private long countedBytes(Segment segment) {
    boolean counts =
        switch (segment.content()) {
          case DATA, OFFLOADED -> true;
          case ZEROS -> !countingData || options.sparseBytes() == 0;
          case LEFT_TO_BACKING -> !countingData;
        };
    return counts ? segment.lengthBytes() : 0;
  }

  ConvertResult result() {
    CopyResult copied = offload.result().plus(new CopyResult(0, 0, writtenBytes.sum()));
    return new ConvertResult(
        source.sizeBytes(),
        copied,
        source.sizeBytes() - copied.totalBytes(),
        unreadableBytes.sum());
  }

  /** Takes pieces until there are no more, or some thread failed. */
  void runOneThread() throws IOException {
    boolean done = false;
    try (ThreadBuffers buffers =
        new ThreadBuffers(queue.pieceBytes(), options.sparseBytes(), compressing)) {
      Segment segment = queue.next();
      while (segment != null && !failed.get()) {
        control.checkpoint();
        convert(segment, buffers);
        control.advance(countedBytes(segment));
        segment = queue.next();
      }
      done = true;
    } finally {
      if (!done) {
        failed.set(true);
        turns.abandon();
      }
    }
  }

  private void convert(Segment segment, ThreadBuffers buffers) throws IOException {
    FilePlace place = segment.place();
    if (place != null) {
      inTurn(segment, () -> offloadOrCopy(segment, place, buffers));
      return;
    }
    ByteBuffer data = null;
    if (segment.content() == Segment.Content.DATA) {
      data = buffers.data((int) segment.lengthBytes());
      read(segment, data);
      data.flip();
      pace.take(segment.lengthBytes());
      if (buffers.batch() != null) {
        buffers.batch().compress(segment.offset(), data);
      }
    }
    ByteBuffer read = data;
    inTurn(segment, () -> write(segment, read, buffers));
  }

  /** Writing, in whatever way. */
  @FunctionalInterface
  private interface WriteStep {
    void run() throws IOException;
  }

  private void inTurn(Segment segment, WriteStep step) throws IOException {
    if (!target.inOrder()) {
      step.run();
    } else if (turns.await(segment.sequence())) {
      step.run();
      turns.done();
    }
  }

  /** What turns out not to come by itself, a little at a time, is read and written after all. */
  private void offloadOrCopy(Segment segment, FilePlace place, ThreadBuffers buffers)
      throws IOException {
    pace.take(segment.lengthBytes());
    long done;
    try {
      done = offload.copy(segment.offset(), place);
    } catch (IOException e) {
      throw ConversionPlace.noted(e, Activity.WRITING, segment.offset());
    }
    while (done < segment.lengthBytes()) {
      Segment part = segment.part(done, BlockFile.CALL_BYTES);
      ByteBuffer data = buffers.data((int) part.lengthBytes());
      read(part, data);
      write(part, data.flip(), buffers);
      done += part.lengthBytes();
    }
  }

  private void read(Segment segment, ByteBuffer data) throws IOException {
    try {
      source.read(segment.offset(), data);
    } catch (IOException e) {
      // What no cluster can be read for is not a bad place to be left out.
      if (!options.salvage() || e instanceof UnsupportedFeatureException) {
        throw ConversionPlace.noted(e, Activity.READING, segment.offset() + data.position());
      }
      Salvage salvage = new Salvage(source, salvageListener);
      unreadableBytes.add(salvage.read(segment, data.clear().limit((int) segment.lengthBytes())));
    }
  }

  private void write(Segment segment, @Nullable ByteBuffer data, ThreadBuffers buffers)
      throws IOException {
    try {
      writeSegment(segment, data, buffers);
    } catch (JobCancelledException e) {
      throw e;
    } catch (IOException e) {
      throw ConversionPlace.noted(e, Activity.WRITING, segment.offset());
    }
  }

  private void writeSegment(Segment segment, @Nullable ByteBuffer data, ThreadBuffers buffers)
      throws IOException {
    if (segment.content() == Segment.Content.LEFT_TO_BACKING) {
      return;
    }
    if (data == null) {
      writeZeroes(segment.offset(), segment.lengthBytes(), buffers);
    } else if (buffers.batch() != null) {
      writtenBytes.add(buffers.batch().store(segment.offset(), data).writtenBytes());
    } else if (options.sparseBytes() == 0) {
      writeData(segment.offset(), data);
    } else {
      writeSparsely(segment, data, buffers);
    }
  }

  private void writeSparsely(Segment segment, ByteBuffer data, ThreadBuffers buffers)
      throws IOException {
    int end = data.limit();
    int from = 0;
    while (from < end) {
      long offset = segment.offset() + from;
      int run = buffers.zeroBlocks().run(data, from, end, offset);
      if (run < 0) {
        writeZeroes(offset, -run, buffers);
      } else {
        writeData(offset, data.slice(from, run));
      }
      from += Math.abs(run);
    }
  }

  private void writeData(long offset, ByteBuffer data) throws IOException {
    writtenBytes.add(data.remaining());
    target.write(offset, data);
  }

  /** Zeros wanted as data are written as such; others the target makes as it can. */
  private void writeZeroes(long offset, long lengthBytes, ThreadBuffers buffers)
      throws IOException {
    if (options.sparseBytes() == 0) {
      long position = offset;
      for (long left = lengthBytes; left > 0; ) {
        control.checkpoint();
        ByteBuffer zeros = buffers.zeros((int) Math.min(left, SegmentQueue.MAX_DATA_BYTES));
        int count = zeros.remaining();
        CompressedBatch batch = buffers.batch();
        if (batch == null) {
          writeData(position, zeros);
        } else {
          batch.compress(position, zeros);
          writtenBytes.add(batch.store(position, zeros).writtenBytes());
        }
        position += count;
        left -= count;
      }
    } else if (!target.readsAsZeros()) {
      makeZeros(offset, offset + lengthBytes);
    }
  }

  /** A disk of nothing else may be one extent, which would be one call until all of it is done. */
  private void makeZeros(long offset, long end) throws IOException {
    for (long from = offset; from < end; ) {
      control.checkpoint();
      long to = Math.min(end, (from / ZERO_PIECE_BYTES + 1) * ZERO_PIECE_BYTES);
      target.writeZeroes(from, to - from);
      from = to;
    }
  }
}
