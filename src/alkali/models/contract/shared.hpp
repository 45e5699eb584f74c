#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <typeindex>
#include <utility>
#include <vector>

#include "alkali/models/contract/graph.hpp"

/// How several models that see the same graph share work and memory: nothing here is needed for one model alone.
namespace alkali::models {

/// What follows from a graph and a key alone, made once for all models that look at the graph: distances, switching functions,
/// schedules. Lives as long as its graph. Thread-safe; a value is made by one thread while others wait for it, and two values
/// may be made at the same time. The values are read-only.
class GraphShare {
public:
    /// The T under `key`; make() -> T where it is asked for the first time. The key must name everything besides the graph that
    /// the value depends on (a cutoff, a precision); keys of different T are apart. What make() throws goes to the caller, and
    /// the next one tries again.
    template <class T, class Make>
    [[nodiscard]] std::shared_ptr<const T> get(std::string_view key, Make&& make) {
        Entry& entry = at(key, typeid(T));
        std::call_once(entry.made, [&] { entry.value = std::make_shared<const T>(std::forward<Make>(make)()); });
        return std::static_pointer_cast<const T>(entry.value);
    }

private:
    struct Entry {
        std::once_flag made;
        std::shared_ptr<const void> value;
    };
    [[nodiscard]] Entry& at(std::string_view key, std::type_index type);

    std::mutex mutex_;
    std::map<std::pair<std::string, std::type_index>, Entry> entries_;
};

/// graph.share's value, or one made for the caller alone where the graph is not shared.
template <class T, class Make>
[[nodiscard]] std::shared_ptr<const T> shared(const Graph& graph, std::string_view key, Make&& make) {
    if (graph.share) return graph.share->get<T>(key, std::forward<Make>(make));
    return std::make_shared<const T>(std::forward<Make>(make)());
}

/// A value that is shared where there is somebody to share it with, and otherwise made anew in memory of its own.
template <class T>
class OwnOrShared {
public:
    /// make(T&) fills in everything. key() -> its name in the share.
    template <class Key, class Make>
    void set(GraphShare* share, const Key& key, const Make& make) {
        if (!share) {
            make(own_);
            now_ = &own_;
            return;
        }
        shared_ = share->get<T>(key(), [&] {
            T made;
            make(made);
            return made;
        });
        now_ = shared_.get();
    }
    [[nodiscard]] const T* operator->() const { return now_; }

private:
    T own_;
    std::shared_ptr<const T> shared_;
    const T* now_ = nullptr;
};

/// Working memory that models use one after the other, from call to call and graph to graph: whoever takes an object has it to
/// itself. Its content is what the last user left, so only its capacity is of use. Thread-safe.
class Workspaces {
public:
    /// One that is idle, or a new T().
    template <class T>
    [[nodiscard]] std::shared_ptr<T> take() {
        if (auto idle = take_idle(typeid(T))) return std::static_pointer_cast<T>(std::move(idle));
        return std::make_shared<T>();
    }
    template <class T>
    void give_back(std::shared_ptr<T> object) {
        keep(typeid(T), std::move(object));
    }

private:
    [[nodiscard]] std::shared_ptr<void> take_idle(std::type_index type);
    void keep(std::type_index type, std::shared_ptr<void> object);

    std::mutex mutex_;
    std::map<std::type_index, std::vector<std::shared_ptr<void>>> idle_;
};

/// Lends work(T&) a T: of the graph's workspaces, or of `own` where it brings none.
template <class T, class Work>
void with_workspace(const Graph& graph, Workspaces& own, Work&& work) {
    Workspaces& workspaces = graph.workspaces ? *graph.workspaces : own;
    auto object = workspaces.take<T>();
    std::forward<Work>(work)(*object);
    workspaces.give_back(std::move(object));
}

}  // namespace alkali::models
