#include "alkali/models/common/shared_structure.hpp"

#include <type_traits>

#include "alkali/base/error.hpp"
#include "alkali/models/common/statistics.hpp"

namespace alkali::models {

SharedStructure::SharedStructure(const structure::Structure& structure, double cutoff, Workspaces* workspaces, std::string where)
    : structure_(structure), workspaces_(workspaces), where_(std::move(where)) {
    lists_.push_back(std::make_unique<List>(List{cutoff, edges_of(structure, cutoff, where_), {}}));
    auto& images = lists_.front()->edges.shift;
    std::remove_reference_t<decltype(images)>().swap(images);  // the vectors carry the images: room for the models
}

const SharedStructure::List& SharedStructure::list_of(double cutoff) {
    if (cutoff > lists_.front()->cutoff) throw InternalError("a model reaches farther than the neighbour list it is to share");
    List* list = nullptr;
    for (const auto& known : lists_)
        if (known->cutoff == cutoff) list = known.get();
    if (!list) {
        lists_.push_back(std::make_unique<List>(List{cutoff, structure::within(lists_.front()->edges, cutoff), {}}));
        list = lists_.back().get();
    }
    if (list->incoming.first.empty()) {
        const auto atoms = static_cast<int>(structure_.size());
        list->incoming = incoming_edges({atoms, 0, {}, list->edges.first, list->edges.neighbour, list->edges.vector, nullptr});
    }
    return *list;
}

Graph SharedStructure::graph(const Model& model) {
    View* view = nullptr;
    for (const auto& known : views_)
        if (known->list->cutoff == model.cutoff() && known->type_names == model.type_names()) view = known.get();
    if (!view) {
        auto types = types_of(structure_, model.type_names(), where_);
        views_.push_back(std::make_unique<View>());
        view = views_.back().get();
        view->list = &list_of(model.cutoff());
        view->type_names = model.type_names();
        view->types = std::move(types);
    }
    const List& list = *view->list;
    return {static_cast<int>(structure_.size()),
            0,
            view->types,
            list.edges.first,
            list.edges.neighbour,
            list.edges.vector,
            &list.incoming,
            &view->share,
            workspaces_};
}

}  // namespace alkali::models
