package io.github.qcow4j.qcow2;

import static io.github.qcow4j.qcow2.Disks.contentByQemu;
import static io.github.qcow4j.qcow2.Disks.open;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.qcow4j.qcow2.testing.Workbench;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A disk as a channel, for code that knows nothing of images. */
class ImageChannelTest {

  private static final int SIZE = (1 << 20) + 512;

  @TempDir private Path directory;
  private byte[] content;
  private DiskImage disk;

  @BeforeEach
  void openDisk() throws IOException {
    Workbench bench = Workbench.in(directory);
    bench.file("data", Workbench.halfRandomBytes(99_991, 1));
    bench.image("base.qcow2", "", SIZE, "write -c -s data 0 " + SIZE);
    Path top = bench.overlay("top.qcow2", "cluster_size=4k", "base.qcow2", "write -z 5k 300k");
    content = contentByQemu(top);
    disk = open(top);
  }

  @AfterEach
  void closeDisk() throws IOException {
    disk.close();
  }

  @Test
  void aStreamOverTheChannelCopiesTheWholeDisk() throws IOException {
    Path copy = directory.resolve("copy.raw");
    try (InputStream stream = Channels.newInputStream(disk.channel())) {
      Files.copy(stream, copy);
    }

    assertThat(copy).hasBinaryContent(content);
  }

  @Test
  void aPositionCanBeAnywhereAndPastTheEndThereIsNothing() throws IOException {
    try (SeekableByteChannel channel = disk.channel()) {
      assertThat(channel.size()).isEqualTo(SIZE);
      ByteBuffer buffer = ByteBuffer.allocate(1000);

      assertThat(channel.position(4_321).read(buffer)).isEqualTo(1000);
      assertThat(buffer.array()).isEqualTo(Arrays.copyOfRange(content, 4_321, 5_321));
      assertThat(channel.position()).isEqualTo(5_321);
      assertThat(channel.position(SIZE - 300).read(buffer.clear())).isEqualTo(300);
      assertThat(buffer.position()).isEqualTo(300);
      assertThat(channel.read(buffer)).isEqualTo(-1);
      assertThat(channel.position(SIZE + 1L).read(buffer.clear())).isEqualTo(-1);
      assertThatThrownBy(() -> channel.position(-1)).isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void theChannelIsForReadingOnly() throws IOException {
    try (SeekableByteChannel channel = disk.channel()) {
      assertThatThrownBy(() -> channel.write(ByteBuffer.allocate(1)))
          .isInstanceOf(NonWritableChannelException.class);
      assertThatThrownBy(() -> channel.truncate(0)).isInstanceOf(NonWritableChannelException.class);
    }
  }

  @Test
  void closingAChannelLeavesTheDiskOpen() throws IOException {
    SeekableByteChannel channel = disk.channel();
    channel.close();

    assertThat(channel.isOpen()).isFalse();
    assertThatThrownBy(() -> channel.read(ByteBuffer.allocate(1)))
        .isInstanceOf(ClosedChannelException.class);
    assertThat(Disks.contentOf(disk)).isEqualTo(content);
  }

  @Test
  void aRangeThatLeavesTheDiskIsRefusedAndNothingIsRead() {
    ByteBuffer buffer = ByteBuffer.allocate(1024);

    assertThatThrownBy(() -> disk.read(SIZE - 512, buffer))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> disk.read(-1, buffer)).isInstanceOf(IndexOutOfBoundsException.class);
    assertThat(buffer.position()).isZero();
  }
}
