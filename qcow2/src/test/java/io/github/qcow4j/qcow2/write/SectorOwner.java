package io.github.qcow4j.qcow2.write;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.qcow2.Qcow2Image;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * One of many threads that change a disk at once, and the sectors that are its own, which lie
 * between those of all others: what it finds in them is what it put there last.
 */
final class SectorOwner {

  private static final int SECTOR = 512;

  private final Qcow2Image disk;
  private final byte[] content;
  private final int owner;
  private final int owners;
  private final long seed;
  private final Random random;

  /**
   * @param disk the disk
   * @param content what it holds, which is kept up to date
   * @param owner this one's number
   * @param owners how many there are
   * @param seed the same for all of them
   */
  SectorOwner(Qcow2Image disk, byte[] content, int owner, int owners, long seed) {
    this.disk = disk;
    this.content = content;
    this.owner = owner;
    this.owners = owners;
    this.seed = seed;
    this.random = new Random(seed + owner);
  }

  /** Does so many things, one after the other. */
  void run(int operations) throws IOException {
    for (int i = 0; i < operations; i++) {
      int offset = (random.nextInt(content.length / SECTOR / owners) * owners + owner) * SECTOR;
      switch (random.nextInt(8)) {
        case 0 -> zero(offset);
        case 1, 2, 3 -> write(offset);
        case 4 -> {
          if (random.nextInt(20) == 0) {
            disk.sync();
          }
        }
        default -> read(offset);
      }
    }
  }

  private void write(int offset) throws IOException {
    int from = offset + random.nextInt(SECTOR);
    byte[] data = new byte[1 + random.nextInt(offset + SECTOR - from)];
    random.nextBytes(data);
    disk.write(from, ByteBuffer.wrap(data));
    System.arraycopy(data, 0, content, from, data.length);
  }

  private void zero(int offset) throws IOException {
    disk.writeZeroes(offset, SECTOR, random.nextBoolean());
    Arrays.fill(content, offset, offset + SECTOR, (byte) 0);
  }

  /** More than the own sector, so that other clusters are read while they change. */
  private void read(int offset) throws IOException {
    int end = Math.min(content.length, offset + SECTOR * (1 + random.nextInt(200)));
    ByteBuffer read = ByteBuffer.allocate(end - offset);
    disk.read(offset, read);
    for (int own = offset; own < end; own += owners * SECTOR) {
      int mismatch =
          Arrays.mismatch(
              read.array(), own - offset, own - offset + SECTOR, content, own, own + SECTOR);
      assertThat(mismatch).as("seed %d, thread %d, sector at %d", seed, owner, own).isEqualTo(-1);
    }
  }

  /**
   * Lets so many threads change a disk at once, and waits for them.
   *
   * @param content what it holds, which is kept up to date
   */
  static void all(Qcow2Image disk, byte[] content, int owners, long seed, int operations)
      throws Exception {
    try (ExecutorService threads = Executors.newFixedThreadPool(owners)) {
      List<Future<?>> running = new ArrayList<>();
      for (int owner = 0; owner < owners; owner++) {
        SectorOwner work = new SectorOwner(disk, content, owner, owners, seed);
        running.add(
            threads.submit(() -> {
              work.run(operations);
              return null;
            }));
      }
      for (Future<?> thread : running) {
        thread.get();
      }
    }
  }
}
