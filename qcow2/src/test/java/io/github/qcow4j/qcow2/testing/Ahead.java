package io.github.qcow4j.qcow2.testing;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Makes things once each, two at a time, and somewhat ahead of whoever walks over them. Safe for
 * use by several threads.
 */
final class Ahead<K, V> {

  private static final int DISTANCE = 24;

  private final ExecutorService workers;
  private final Function<K, V> maker;
  private final Map<K, Future<V>> made = new ConcurrentHashMap<>();

  Ahead(String name, Function<K, V> maker) {
    this.workers =
        Executors.newFixedThreadPool(2, Thread.ofPlatform().daemon().name(name, 0).factory());
    this.maker = maker;
  }

  /** The things for the keys given, in their order. */
  Stream<V> stream(List<K> keys) {
    return stream(keys, made -> {});
  }

  /** The same; each is made ready for this reader, in the background too. */
  Stream<V> stream(List<K> keys, Consumer<V> readying) {
    List<Future<V>> ready = new ArrayList<>(keys.size());
    return IntStream.range(0, keys.size())
        .mapToObj(position -> {
          int end = Math.min(keys.size(), position + DISTANCE);
          for (K key : keys.subList(ready.size(), Math.max(ready.size(), end))) {
            Future<V> thing = request(key);
            ready.add(
                workers.submit(() -> {
                  V value = thing.get();
                  readying.accept(value);
                  return value;
                }));
          }
          return await(keys.get(position), ready.get(position));
        });
  }

  /** One thing, made now unless it exists. */
  V get(K key) {
    return await(key, request(key));
  }

  private V await(K key, Future<V> thing) {
    try {
      return thing.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while " + key + " was made", e);
    } catch (ExecutionException e) {
      throw new AssertionError(key + " was not made: " + e.getCause(), e.getCause());
    }
  }

  /** Stops making things, and kills what is being made. */
  void stop() {
    workers.shutdownNow();
    try {
      boolean _ = workers.awaitTermination(10, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private Future<V> request(K key) {
    return made.computeIfAbsent(key, missing -> workers.submit(() -> maker.apply(missing)));
  }
}
