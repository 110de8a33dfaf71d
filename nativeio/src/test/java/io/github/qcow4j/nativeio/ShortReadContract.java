package io.github.qcow4j.nativeio;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.qcow4j.nativeio.ProviderInfo.Capability;
import io.github.qcow4j.nativeio.linux.LinuxCalls;
import io.github.qcow4j.nativeio.linux.LinuxVolume;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A read that comes short, by a signal or by what the file system does inside, is continued until
 * one brings nothing: only that is the end of the file.
 */
public abstract class ShortReadContract {

  private static final int LENGTH = 40_000;

  /** A file system with O_DIRECT. */
  private final Path directory = LoopFileSystem.shared(LoopFileSystem.Kind.EXT4).newDirectory();

  /**
   * @throws IOException when there is no place for the files
   */
  protected ShortReadContract() throws IOException {}

  /** The provider's way to the real kernel. */
  protected abstract LinuxCalls calls();

  /** The real kernel, but no read brings more than this, and what is behind is spoilt. */
  private Volume shortened(int mostBytes) throws IOException {
    LinuxCalls real = calls();
    LinuxCalls calls =
        (LinuxCalls)
            Proxy.newProxyInstance(
                LinuxCalls.class.getClassLoader(),
                new Class<?>[] {LinuxCalls.class},
                (proxy, method, arguments) -> answer(real, mostBytes, method, arguments));
    return LinuxVolume.over(
        calls, new ProviderInfo("short", EnumSet.allOf(Capability.class), "a test"));
  }

  private static Object answer(LinuxCalls real, int mostBytes, Method method, Object[] arguments)
      throws Throwable {
    try {
      Object result = method.invoke(real, arguments);
      if (method.getName().startsWith("pread") && (long) result > mostBytes) {
        MemorySegment target = (MemorySegment) arguments[1];
        target.asSlice(mostBytes, (long) result - mostBytes).fill((byte) 0xee);
        return (long) mostBytes;
      }
      return result;
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }

  @ParameterizedTest
  @CsvSource({"5000, true", "4097, true", "8192, true", "5000, false", "1, false", "511, false"})
  void isContinuedToTheEnd(int mostBytes, boolean direct) throws IOException {
    byte[] content = Bytes.random(LENGTH, 1);
    Path path = Files.write(directory.resolve("file"), content);

    try (BlockFile file =
        shortened(mostBytes).open(path, OpenOptions.reading().withDirectIo(direct))) {
      ByteBuffer whole = ByteBuffer.allocate(LENGTH + 8192 - LENGTH % 4096);
      assertThat(file.read(whole, 0)).isEqualTo(LENGTH);
      assertThat(whole.array()).startsWith(content);
      ByteBuffer direct2 = ByteBuffer.allocateDirect(5 * 4096 + 4096).alignedSlice(4096);
      direct2.limit(5 * 4096);
      assertThat(file.read(direct2, 4096)).isEqualTo(5 * 4096);
      for (int i = 0; i < 5 * 4096; i++) {
        assertThat(direct2.get(i)).isEqualTo(content[4096 + i]);
      }
    }
  }

  @Test
  void aFileThatEndsInTheMidstOfABlockEndsThere() throws IOException {
    byte[] content = Bytes.random(LENGTH, 2);
    Path path = Files.write(directory.resolve("odd"), content);

    try (BlockFile file =
        shortened(Integer.MAX_VALUE).open(path, OpenOptions.reading().withDirectIo(true))) {
      ByteBuffer last = ByteBuffer.allocate(4096);
      assertThat(file.read(last, LENGTH - LENGTH % 4096)).isEqualTo(LENGTH % 4096);
      assertThat(file.read(ByteBuffer.allocate(4096), 40_960)).isZero();
    }
  }
}
