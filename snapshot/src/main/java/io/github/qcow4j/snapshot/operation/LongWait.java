package io.github.qcow4j.snapshot.operation;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Says what is being waited for, once that takes longer than people take for granted. */
final class LongWait implements AutoCloseable {

  /** What a person waits without asking; nothing is faster or slower for it. */
  private static final long PATIENCE_SECONDS = 3;

  private final CountDownLatch over = new CountDownLatch(1);

  /** Begins. */
  LongWait(Consumer<String> notices, String line) {
    Thread.ofVirtual()
        .start(() -> {
          try {
            if (!over.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
              notices.accept(line);
            }
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
  }

  /** It is over. */
  @Override
  public void close() {
    over.countDown();
  }
}
