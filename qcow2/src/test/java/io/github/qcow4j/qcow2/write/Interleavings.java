package io.github.qcow4j.qcow2.write;

import io.github.qcow4j.nativeio.BlockFile;
import io.github.qcow4j.nativeio.support.CallGate;
import io.github.qcow4j.qcow2.cluster.DecoderPool;
import io.github.qcow4j.qcow2.cluster.Mapping;
import io.github.qcow4j.qcow2.header.CompressionType;
import io.github.qcow4j.qcow2.table.L2Cache;
import io.github.qcow4j.qcow2.transfer.Turns;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.List;
import java.util.zip.Deflater;

/** What threads share in this module. */
final class Interleavings {

  private Interleavings() {}

  static final List<Class<? extends Interleaving>> ALL =
      List.of(
          InTurns.class,
          AbandonedTurns.class,
          Ranges.class,
          CachedTables.class,
          Clusters.class,
          Calls.class,
          Decoders.class);

  /** Numbered pieces are done in the order of their numbers, whoever comes first. */
  public static final class InTurns extends Interleaving {

    private final Turns turns = new Turns();
    private int done;

    private void take(int number) {
      require(turns.await(number), "abandoned");
      require(done == number, "out of turn");
      done++;
      turns.done();
    }

    @Override
    void first() {
      take(2);
    }

    @Override
    void second() {
      take(0);
    }

    @Override
    void third() {
      take(1);
    }

    @Override
    void afterwards() {
      require(done == 3, "a turn was left out");
    }
  }

  /** Who waits for a turn that never comes is let go. */
  public static final class AbandonedTurns extends Interleaving {

    private final Turns turns = new Turns();

    @Override
    void first() {
      require(!turns.await(1), "a turn that never came");
    }

    @Override
    void second() {
      turns.abandon();
    }

    @Override
    void third() {
      require(!turns.await(2), "a turn that never came");
    }
  }

  /** One at a time changes a guest cluster; ranges that meet wait, and nobody waits for ever. */
  public static final class Ranges extends Interleaving {

    private final GuestRangeLocks ranges = new GuestRangeLocks();
    private int left;
    private int middle;
    private int right;

    @Override
    void first() {
      GuestRangeLocks.Range range = ranges.lock(0, 1);
      left++;
      middle++;
      ranges.unlock(range);
    }

    @Override
    void second() {
      GuestRangeLocks.Range range = ranges.lock(1, 2);
      middle++;
      right++;
      ranges.unlock(range);
    }

    @Override
    void third() {
      GuestRangeLocks.Range range = ranges.lock(0, 2);
      left++;
      middle++;
      right++;
      ranges.unlock(range);
    }

    @Override
    void afterwards() {
      require(left == 2 && middle == 3 && right == 2, "a change was lost");
    }
  }

  /** Tables come whole and from their place, and the cache keeps count of what it holds. */
  public static final class CachedTables extends Interleaving {

    private final StandInFile blank = new StandInFile();
    private final BlockFile file = blank.asBlockFile();
    private final L2Cache cache = new L2Cache(80);

    /** The table at place n has n entries: Lincheck follows nobody into the bytes of an array. */
    private void fetch(int place) throws IOException {
      int entries = cache.get(file, place, place * Long.BYTES, false).size();
      require(entries == place, "the table of another place");
    }

    @Override
    void first() throws IOException {
      fetch(1);
      fetch(2);
    }

    @Override
    void second() throws IOException {
      fetch(3);
      fetch(1);
    }

    @Override
    void third() throws IOException {
      fetch(2);
    }

    @Override
    void afterwards() throws IOException {
      fetch(4);
      fetch(5);
      int reads = blank.reads();
      fetch(4);
      fetch(5);
      require(blank.reads() == reads, "what fits is not held");
      fetch(6);
      fetch(4);
      require(blank.reads() == reads + 2, "more is held than fits");
    }
  }

  /** No host cluster is handed out to two, and none again while somebody still reads it. */
  public static final class Clusters extends Interleaving {

    private final MappedClusters image;

    public Clusters() throws IOException {
      image = new MappedClusters();
      image.write(0);
    }

    @Override
    void first() throws IOException {
      image.write(0);
      image.flush();
    }

    @Override
    void second() throws IOException {
      image.read(0);
    }

    @Override
    void third() throws IOException {
      image.write(1);
    }

    @Override
    void afterwards() throws IOException {
      image.read(0);
      image.read(1);
    }
  }

  /** No call is under way in what is closed, and who closes it waits for none that is over. */
  public static final class Calls extends Interleaving {

    private final CallGate gate = new CallGate();
    private boolean closed;

    private void call() {
      try {
        gate.enter();
      } catch (ClosedChannelException e) {
        return;
      }
      require(!closed, "a call of what is closed");
      gate.exit();
    }

    @Override
    void first() {
      call();
      call();
    }

    @Override
    void second() {
      call();
    }

    @Override
    void third() {
      require(gate.close(), "closed by another");
      closed = true;
    }

    @Override
    void afterwards() {
      require(gate.isClosed() && !gate.close(), "open again");
    }
  }

  /** Compressed clusters come from their place, whoever decodes at the same time. */
  public static final class Decoders extends Interleaving {

    private static final int CLUSTER_SIZE = 512;

    private final BlockFile file = new StandInFile(clusters(3)).asBlockFile();
    private final DecoderPool decoders = new DecoderPool();

    /** One behind the other, each beginning with its number. */
    private static byte[] clusters(int count) {
      ByteBuffer streams = ByteBuffer.allocate(count * CLUSTER_SIZE);
      for (int place = 0; place < count; place++) {
        try (Deflater deflater = new Deflater(Deflater.BEST_SPEED, true)) {
          deflater.setInput(ByteBuffer.allocate(CLUSTER_SIZE).putLong(0, place));
          deflater.finish();
          deflater.deflate(streams.position(place * CLUSTER_SIZE));
        }
      }
      return streams.array();
    }

    private void fetch(int place) throws IOException {
      ByteBuffer target = ByteBuffer.allocate(Long.BYTES);
      Mapping.Compressed where =
          new Mapping.Compressed(Long.BYTES, 0, (long) place * CLUSTER_SIZE, CLUSTER_SIZE);
      decoders.read(file, CompressionType.ZLIB, CLUSTER_SIZE, 0, where, target);
      require(target.getLong(0) == place, "the cluster of another place");
    }

    @Override
    void first() throws IOException {
      fetch(1);
      fetch(2);
    }

    @Override
    void second() throws IOException {
      fetch(2);
    }

    @Override
    void third() throws IOException {
      fetch(1);
    }

    @Override
    void afterwards() throws IOException {
      fetch(1);
      decoders.close();
    }
  }
}
